// SPDX-License-Identifier: Apache-2.0
// Idea: with channels innermost a thread takes the maxima of one window for 16 bytes of neighbouring channels.
// Layout: threads walk the packs of the outputs in order, so that a warp reads runs of whole cache lines.
// Fast because: every load moves 16 bytes; a row of a 2 x 2 or 3 x 3 window is loaded before its first comparison; what
// neighbouring windows share comes from the caches; indices leave as pairs of 16 bytes.
#include <type_traits>

#include "kernels/max_pool2d/windows.cuh"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kThreads = 256;

template <class Scalar>
struct Pixels {
  const Scalar* x;
  Scalar* y;
  std::int64_t* indices;
  int channels;
  unsigned packs;
  FastDivision packs_per_pixel, by_width, by_height;  // of the output
};

template <class Scalar, int kPack>
__device__ __forceinline__ void consider_pack(RunningMaximum (&maxima)[kPack], const Pack<Scalar, kPack>& pack,
                                              int index) {
#pragma unroll
  for (int c = 0; c < kPack; ++c) maxima[c].consider(to_float(pack.values[c]), index);
}

template <class Scalar, int kPack, int kWindow>
__global__ void __launch_bounds__(kThreads) channel_packs(Pixels<Scalar> p, Windows w) {
  using Moved = Pack<Scalar, kPack>;
  const unsigned number = blockIdx.x * kThreads + threadIdx.x;
  if (number >= p.packs) return;
  const unsigned pixel = p.packs_per_pixel.quotient(number);
  const unsigned channel = (number - pixel * p.packs_per_pixel.divisor()) * kPack;
  const unsigned row_of_all = p.by_width.quotient(pixel), image = p.by_height.quotient(row_of_all);
  const int j = static_cast<int>(pixel - row_of_all * p.by_width.divisor()),
            i = static_cast<int>(row_of_all - image * p.by_height.divisor());
  const int width = w.horizontal.extent;
  const Scalar* const from = p.x + static_cast<std::int64_t>(image) * w.vertical.extent * width * p.channels + channel;
  const auto pack_at = [&](int index) {
    return *reinterpret_cast<const Moved*>(from + static_cast<std::int64_t>(index) * p.channels);
  };

  RunningMaximum maxima[kPack];
  const int first_index = w.vertical.first(i) * width + w.horizontal.first(j);
#pragma unroll
  for (int c = 0; c < kPack; ++c) maxima[c].start(first_index);
  if constexpr (kWindow > 0) {
    const int top = w.vertical.start(i), left = w.horizontal.start(j);
#pragma unroll
    for (int k = 0; k < kWindow; ++k) {
      const int row = top + k;
      if (row < 0 || row >= w.vertical.extent) continue;
      Moved loaded[kWindow];
#pragma unroll
      for (int l = 0; l < kWindow; ++l)
        if (left + l >= 0 && left + l < width) loaded[l] = pack_at(row * width + left + l);
#pragma unroll
      for (int l = 0; l < kWindow; ++l)
        if (left + l >= 0 && left + l < width) consider_pack(maxima, loaded[l], row * width + left + l);
    }
  } else {
    const int bottom = w.vertical.end(i), right = w.horizontal.end(j);
    for (int row = w.vertical.first(i); row < bottom; row += w.vertical.dilation)
      for (int column = w.horizontal.first(j); column < right; column += w.horizontal.dilation)
        consider_pack(maxima, pack_at(row * width + column), row * width + column);
  }

  const std::int64_t to = static_cast<std::int64_t>(pixel) * p.channels + channel;
  Moved values;
#pragma unroll
  for (int c = 0; c < kPack; ++c) values.values[c] = from_float<Scalar>(maxima[c].value);
  *reinterpret_cast<Moved*>(p.y + to) = values;
  if constexpr (kPack == 1) {
    p.indices[to] = maxima[0].index;
  } else {
#pragma unroll
    for (int c = 0; c < kPack; c += 2)
      *reinterpret_cast<Pack<std::int64_t, 2>*>(p.indices + to + c) = {{maxima[c].index, maxima[c + 1].index}};
  }
}

template <class Scalar, int kPack>
Launch launch_of(const MaxPool2d& op, const Tensors& tensors, Device& device) {
  const std::int64_t channels = op.input_shape[1], pixels = op.input_shape[0] * op.plane_outputs();
  const Pixels<Scalar> arguments{.x = tensors.inputs[0].as<const Scalar>(),
                                 .y = tensors.outputs[0].as<Scalar>(),
                                 .indices = tensors.outputs[1].as<std::int64_t>(),
                                 .channels = static_cast<int>(channels),
                                 .packs = static_cast<unsigned>(pixels * (channels / kPack)),
                                 .packs_per_pixel = FastDivision(static_cast<unsigned>(channels / kPack)),
                                 .by_width = FastDivision(static_cast<unsigned>(op.horizontal.outputs)),
                                 .by_height = FastDivision(static_cast<unsigned>(op.vertical.outputs))};
  const Windows windows(op);
  const LaunchShape shape{(arguments.packs + std::int64_t{kThreads} - 1) / kThreads, kThreads, 0};
  return with_window(op, [&](auto window) -> Launch {
    constexpr int kWindow = decltype(window)::value;
    return [=, stream = device.stream()] {
      launch(channel_packs<Scalar, kPack, kWindow>, shape, stream, arguments, windows);
    };
  });
}

}  // namespace

Launch max_pool2d_forward_channel_packs(const Problem& problem, const Tensors& tensors, Device& device) {
  const MaxPool2d op(problem);
  if (op.planes == 0) return [] {};
  return with_scalar(problem.dtype, [&](auto tag) {
    using Scalar = typename decltype(tag)::type;
    constexpr int kPack = kFullPack<Scalar>;
    const bool aligned =
        tensors.inputs[0].is_aligned(16) && tensors.outputs[0].is_aligned(16) && tensors.outputs[1].is_aligned(16);
    if (aligned && op.input_shape[1] % kPack == 0) return launch_of<Scalar, kPack>(op, tensors, device);
    return launch_of<Scalar, 1>(op, tensors, device);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
