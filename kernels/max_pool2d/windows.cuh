// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/shared/fast_division.cuh"
#include "kernels/shared/scalar.cuh"
#include "reference/max_pool2d.hpp"

// How kernels walk the windows of a pooling, and how they keep a maximum.
namespace lockstep::LOCKSTEP_BACKEND {

/// One axis of a pooling in 32 bits.
struct WindowAxis {
  int extent, outputs, kernel, stride, padding, dilation, reach;
  FastDivision by_stride;

  explicit WindowAxis(const PoolAxis& axis)
      : extent(static_cast<int>(axis.extent)),
        outputs(static_cast<int>(axis.outputs)),
        kernel(static_cast<int>(axis.kernel)),
        stride(static_cast<int>(axis.stride)),
        padding(static_cast<int>(axis.padding)),
        dilation(static_cast<int>(axis.dilation)),
        reach(static_cast<int>((axis.kernel - 1) * axis.dilation)),
        by_stride(static_cast<unsigned>(axis.stride)) {}

  __device__ __forceinline__ int start(int output) const { return output * stride - padding; }
  /// First position of the window that is not padding.
  __device__ __forceinline__ int first(int output) const {
    const int at = start(output);
    return at >= 0 ? at : at + (dilation - 1 - at) / dilation * dilation;
  }
  __device__ __forceinline__ int end(int output) const { return min(start(output) + reach + 1, extent); }
  /// The outputs whose windows span a position.
  __device__ __forceinline__ int first_output(int position) const {
    const int beyond = position + padding - reach;
    return beyond <= 0 ? 0 : static_cast<int>(by_stride.quotient(static_cast<unsigned>(beyond + stride - 1)));
  }
  __device__ __forceinline__ int last_output(int position) const {
    return min(static_cast<int>(by_stride.quotient(static_cast<unsigned>(position + padding))), outputs - 1);
  }
};

struct Windows {
  WindowAxis vertical, horizontal;
  explicit Windows(const MaxPool2d& op) : vertical(op.vertical), horizontal(op.horizontal) {}
};

/// Whether no two windows share a position.
inline bool windows_are_disjoint(const MaxPool2d& op) {
  const auto apart = [](const PoolAxis& axis) { return axis.stride > (axis.kernel - 1) * axis.dilation; };
  return apart(op.vertical) && apart(op.horizontal);
}

/// The maximum so far; starts as that of no elements.
struct RunningMaximum {
  float value;
  int index;

  __device__ __forceinline__ void start(int first_index) {
    value = -INFINITY;
    index = first_index;
  }
  /// Of equals the first stays; a NaN replaces everything, an earlier NaN too.
  __device__ __forceinline__ void consider(float candidate, int candidate_index) {
    if (candidate > value || candidate != candidate) {
      value = candidate;
      index = candidate_index;
    }
  }
};

/// Calls function(std::integral_constant<int, K>): K x K windows without dilation are unrolled for K = 2 and 3, else K is
/// 0.
template <class Function>
auto with_window(const MaxPool2d& op, Function function) {
  const auto is_square = [&](std::int64_t kernel) {
    return op.vertical.kernel == kernel && op.horizontal.kernel == kernel && op.vertical.dilation == 1 &&
           op.horizontal.dilation == 1;
  };
  if (is_square(2)) return function(std::integral_constant<int, 2>{});
  if (is_square(3)) return function(std::integral_constant<int, 3>{});
  return function(std::integral_constant<int, 0>{});
}

}  // namespace lockstep::LOCKSTEP_BACKEND
