// SPDX-License-Identifier: Apache-2.0
// Idea: with channels innermost a thread owns 16 bytes of neighbouring channels of one input pixel and adds the gradients
// of the outputs that chose it, window by window: no atomic additions, the same bits in every run.
// Layout: threads walk the packs of the inputs in order, so that a warp reads runs of whole cache lines.
// Fast because: gradients move in packs of 16 bytes and indices in pairs; both come from memory once and from the caches
// for the other inputs of a window; d_x is written once, without being cleared first.
#include "kernels/max_pool2d/windows.cuh"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kThreads = 256;

template <class Scalar>
struct PixelGradients {
  const std::int64_t* indices;
  const Scalar* g;
  Scalar* d_x;
  int channels;
  unsigned packs;
  FastDivision packs_per_pixel, by_width, by_height;  // of the input
};

template <class Scalar, int kPack>
__global__ void __launch_bounds__(kThreads) gather_packs(PixelGradients<Scalar> p, Windows w) {
  const unsigned number = blockIdx.x * kThreads + threadIdx.x;
  if (number >= p.packs) return;
  const unsigned pixel = p.packs_per_pixel.quotient(number);
  const unsigned channel = (number - pixel * p.packs_per_pixel.divisor()) * kPack;
  const unsigned row_of_all = p.by_width.quotient(pixel), image = p.by_height.quotient(row_of_all);
  const int column = static_cast<int>(pixel - row_of_all * p.by_width.divisor()),
            row = static_cast<int>(row_of_all - image * p.by_height.divisor());
  const std::int64_t position = row * w.horizontal.extent + column;
  const std::int64_t first = static_cast<std::int64_t>(image) * w.vertical.outputs * w.horizontal.outputs;

  float totals[kPack] = {};
  const int bottom = w.vertical.last_output(row), right = w.horizontal.last_output(column);
  for (int i = w.vertical.first_output(row); i <= bottom; ++i)
    for (int j = w.horizontal.first_output(column); j <= right; ++j) {
      const std::int64_t at = (first + i * w.horizontal.outputs + j) * p.channels + channel;
      const auto g = *reinterpret_cast<const Pack<Scalar, kPack>*>(p.g + at);
      constexpr int kPair = kPack == 1 ? 1 : 2;
#pragma unroll
      for (int c = 0; c < kPack; c += kPair) {
        const auto chosen = *reinterpret_cast<const Pack<std::int64_t, kPair>*>(p.indices + at + c);
#pragma unroll
        for (int k = 0; k < kPair; ++k)
          if (chosen.values[k] == position) totals[c + k] += to_float(g.values[c + k]);
      }
    }
  Pack<Scalar, kPack> sums;
#pragma unroll
  for (int c = 0; c < kPack; ++c) sums.values[c] = from_float<Scalar>(totals[c]);
  *reinterpret_cast<Pack<Scalar, kPack>*>(p.d_x + static_cast<std::int64_t>(pixel) * p.channels + channel) = sums;
}

template <class Scalar, int kPack>
Launch launch_of(const MaxPool2d& op, const Tensors& tensors, Device& device) {
  const std::int64_t channels = op.input_shape[1], pixels = op.input_shape[0] * op.plane_inputs();
  const PixelGradients<Scalar> arguments{.indices = tensors.inputs[1].as<const std::int64_t>(),
                                         .g = tensors.inputs[2].as<const Scalar>(),
                                         .d_x = tensors.outputs[0].as<Scalar>(),
                                         .channels = static_cast<int>(channels),
                                         .packs = static_cast<unsigned>(pixels * (channels / kPack)),
                                         .packs_per_pixel = FastDivision(static_cast<unsigned>(channels / kPack)),
                                         .by_width = FastDivision(static_cast<unsigned>(op.horizontal.extent)),
                                         .by_height = FastDivision(static_cast<unsigned>(op.vertical.extent))};
  const Windows windows(op);
  const LaunchShape shape{(arguments.packs + std::int64_t{kThreads} - 1) / kThreads, kThreads, 0};
  return [=, stream = device.stream()] { launch(gather_packs<Scalar, kPack>, shape, stream, arguments, windows); };
}

}  // namespace

Launch max_pool2d_backward_channel_packs(const Problem& problem, const Tensors& tensors, Device& device) {
  const MaxPool2d op(problem);
  if (op.planes == 0) return [] {};
  return with_scalar(problem.dtype, [&](auto tag) {
    using Scalar = typename decltype(tag)::type;
    constexpr int kPack = kFullPack<Scalar>;
    const bool aligned =
        tensors.inputs[1].is_aligned(16) && tensors.inputs[2].is_aligned(16) && tensors.outputs[0].is_aligned(16);
    if (aligned && op.input_shape[1] % kPack == 0) return launch_of<Scalar, kPack>(op, tensors, device);
    return launch_of<Scalar, 1>(op, tensors, device);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
