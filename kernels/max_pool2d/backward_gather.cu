// SPDX-License-Identifier: Apache-2.0
// Idea: instead of scattering gradients, which would need atomic additions wherever windows overlap, every input looks at
// the outputs whose windows span it and adds the gradients of those that chose it: the same bits in every run.
// Layout: planes lie one behind another, rows may have gaps. Threads walk the inputs in order, kInputs of them a block
// apart.
// Fast because: g_y and the indices are read from memory once, by neighbouring threads at the same time, and d_x is
// written once, coalesced, without being cleared first. Where windows do not overlap an input has one output at most: no
// loop, and the loads of all of a thread's inputs are in flight together.
#include "kernels/max_pool2d/windows.cuh"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kThreads = 256;
constexpr int kInputs = 4;

template <class Scalar>
struct Gradients {
  const std::int64_t* indices;
  const Scalar* g;
  Scalar* d_x;
  std::int64_t indices_pitch, g_pitch, d_x_pitch;
  unsigned inputs;
  FastDivision by_width, by_height;  // of the input
};

template <class Scalar, bool kDisjoint>
__global__ void __launch_bounds__(kThreads) gather(Gradients<Scalar> p, Windows w) {
  const unsigned first = blockIdx.x * (kThreads * kInputs) + threadIdx.x;
  float totals[kInputs];
#pragma unroll
  for (int k = 0; k < kInputs; ++k) {
    const unsigned input = first + static_cast<unsigned>(k) * kThreads;
    totals[k] = 0.0f;
    if (input >= p.inputs) continue;
    const unsigned row_of_all = p.by_width.quotient(input), plane = p.by_height.quotient(row_of_all);
    const int column = static_cast<int>(input - row_of_all * p.by_width.divisor()),
              row = static_cast<int>(row_of_all - plane * p.by_height.divisor());
    const std::int64_t position = row * w.horizontal.extent + column;
    const std::int64_t output_row = static_cast<std::int64_t>(plane) * w.vertical.outputs;
    const int top = w.vertical.first_output(row), bottom = w.vertical.last_output(row),
              left = w.horizontal.first_output(column), right = w.horizontal.last_output(column);
    const auto add = [&](int i, int j) {
      const std::int64_t index = p.indices[(output_row + i) * p.indices_pitch + j];
      const float g = to_float(p.g[(output_row + i) * p.g_pitch + j]);
      if (index == position) totals[k] += g;
    };
    if constexpr (kDisjoint) {
      if (top <= bottom && left <= right) add(top, left);
    } else {
      for (int i = top; i <= bottom; ++i)
        for (int j = left; j <= right; ++j) add(i, j);
    }
  }
#pragma unroll
  for (int k = 0; k < kInputs; ++k) {
    const unsigned input = first + static_cast<unsigned>(k) * kThreads;
    if (input >= p.inputs) continue;
    const unsigned row_of_all = p.by_width.quotient(input);
    p.d_x[row_of_all * p.d_x_pitch + (input - row_of_all * p.by_width.divisor())] = from_float<Scalar>(totals[k]);
  }
}

}  // namespace

Launch max_pool2d_backward_gather(const Problem& problem, const Tensors& tensors, Device& device) {
  const MaxPool2d op(problem);
  if (op.planes == 0) return [] {};
  const auto pitch = [](const TensorView& view) { return view.strides[view.strides.size() - 2]; };
  return with_scalar(problem.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    const Gradients<Scalar> arguments{.indices = tensors.inputs[1].as<const std::int64_t>(),
                                      .g = tensors.inputs[2].as<const Scalar>(),
                                      .d_x = tensors.outputs[0].as<Scalar>(),
                                      .indices_pitch = pitch(tensors.inputs[1]),
                                      .g_pitch = pitch(tensors.inputs[2]),
                                      .d_x_pitch = pitch(tensors.outputs[0]),
                                      .inputs = static_cast<unsigned>(op.planes * op.plane_inputs()),
                                      .by_width = FastDivision(static_cast<unsigned>(op.horizontal.extent)),
                                      .by_height = FastDivision(static_cast<unsigned>(op.vertical.extent))};
    const Windows windows(op);
    constexpr std::int64_t kPerBlock = kThreads * kInputs;
    const LaunchShape shape{(arguments.inputs + kPerBlock - 1) / kPerBlock, kThreads, 0};
    if (windows_are_disjoint(op))
      return [=, stream = device.stream()] { launch(gather<Scalar, true>, shape, stream, arguments, windows); };
    return [=, stream = device.stream()] { launch(gather<Scalar, false>, shape, stream, arguments, windows); };
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
