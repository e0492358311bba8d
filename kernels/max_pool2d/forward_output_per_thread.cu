// SPDX-License-Identifier: Apache-2.0
// Idea: a thread takes the maximum of one window; planes lie one behind another, rows may have gaps.
// Layout: threads walk the outputs in order, kOutputs of them a block apart.
// Fast because: the writes (an element and an index of 8 bytes each) are coalesced; what neighbouring windows share comes
// from the first-level cache, so x is read from memory once; all loads of a 2 x 2 or 3 x 3 window are issued before the
// first comparison, those outside the plane turned off one by one instead of by a branch.
#include <type_traits>

#include "kernels/max_pool2d/windows.cuh"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kThreads = 256;
constexpr int kOutputs = 2;

template <class Scalar>
struct Planes {
  const Scalar* x;
  Scalar* y;
  std::int64_t* indices;
  std::int64_t x_pitch, y_pitch, indices_pitch;
  unsigned outputs;
  FastDivision by_width, by_height;  // of the output
};

template <class Scalar, int kWindow>
__device__ __forceinline__ RunningMaximum maximum_of_window(const Windows& w, const Scalar* plane, std::int64_t pitch,
                                                            int i, int j) {
  RunningMaximum maximum;
  const int width = w.horizontal.extent;
  if constexpr (kWindow > 0) {
    const int top = w.vertical.start(i), left = w.horizontal.start(j);
    maximum.start(max(top, 0) * width + max(left, 0));
    float loaded[kWindow][kWindow];
#pragma unroll
    for (int k = 0; k < kWindow; ++k)
#pragma unroll
      for (int l = 0; l < kWindow; ++l) {
        const int row = top + k, column = left + l;
        const bool inside = row >= 0 && row < w.vertical.extent && column >= 0 && column < width;
        loaded[k][l] = inside ? to_float(plane[row * pitch + column]) : -INFINITY;
      }
#pragma unroll
    for (int k = 0; k < kWindow; ++k)
#pragma unroll
      for (int l = 0; l < kWindow; ++l) maximum.consider(loaded[k][l], (top + k) * width + left + l);
  } else {
    const int top = w.vertical.first(i), bottom = w.vertical.end(i), left = w.horizontal.first(j),
              right = w.horizontal.end(j);
    maximum.start(top * width + left);
    for (int row = top; row < bottom; row += w.vertical.dilation)
      for (int column = left; column < right; column += w.horizontal.dilation)
        maximum.consider(to_float(plane[row * pitch + column]), row * width + column);
  }
  return maximum;
}

template <class Scalar, int kWindow>
__global__ void __launch_bounds__(kThreads) output_per_thread(Planes<Scalar> p, Windows w) {
  const unsigned first = blockIdx.x * (kThreads * kOutputs) + threadIdx.x;
#pragma unroll
  for (int k = 0; k < kOutputs; ++k) {
    const unsigned output = first + static_cast<unsigned>(k) * kThreads;
    if (output >= p.outputs) return;
    const unsigned row = p.by_width.quotient(output), plane = p.by_height.quotient(row);
    const int j = static_cast<int>(output - row * p.by_width.divisor()),
              i = static_cast<int>(row - plane * p.by_height.divisor());
    const RunningMaximum maximum = maximum_of_window<Scalar, kWindow>(
        w, p.x + static_cast<std::int64_t>(plane) * w.vertical.extent * p.x_pitch, p.x_pitch, i, j);
    p.y[row * p.y_pitch + j] = from_float<Scalar>(maximum.value);
    p.indices[row * p.indices_pitch + j] = maximum.index;
  }
}

}  // namespace

Launch max_pool2d_forward_output_per_thread(const Problem& problem, const Tensors& tensors, Device& device) {
  const MaxPool2d op(problem);
  if (op.planes == 0) return [] {};
  const auto pitch = [](const TensorView& view) { return view.strides[view.strides.size() - 2]; };
  return with_scalar(problem.dtype, [&](auto tag) {
    using Scalar = typename decltype(tag)::type;
    const Planes<Scalar> planes{.x = tensors.inputs[0].as<const Scalar>(),
                                .y = tensors.outputs[0].as<Scalar>(),
                                .indices = tensors.outputs[1].as<std::int64_t>(),
                                .x_pitch = pitch(tensors.inputs[0]),
                                .y_pitch = pitch(tensors.outputs[0]),
                                .indices_pitch = pitch(tensors.outputs[1]),
                                .outputs = static_cast<unsigned>(op.planes * op.plane_outputs()),
                                .by_width = FastDivision(static_cast<unsigned>(op.horizontal.outputs)),
                                .by_height = FastDivision(static_cast<unsigned>(op.vertical.outputs))};
    const Windows windows(op);
    constexpr std::int64_t kPerBlock = kThreads * kOutputs;
    const LaunchShape shape{(planes.outputs + kPerBlock - 1) / kPerBlock, kThreads, 0};
    return with_window(op, [&](auto window) -> Launch {
      constexpr int kWindow = decltype(window)::value;
      return
          [=, stream = device.stream()] { launch(output_per_thread<Scalar, kWindow>, shape, stream, planes, windows); };
    });
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
