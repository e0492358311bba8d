// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "harness/data/error.hpp"
#include "kernels/shared/fast_division.cuh"
#include "kernels/shared/merged_axes.hpp"

namespace lockstep::LOCKSTEP_BACKEND {

/// Axes that a kernel can walk after merging; each costs a division per pack.
inline constexpr int kMostAxes = 16;

/// How an index below 2^31 becomes one offset per tensor.
template <int kTensors>
struct Walk {
  int axes = 1;
  FastDivision extents[kMostAxes];  // innermost first
  std::int64_t strides[kMostAxes][kTensors] = {};

  __device__ __forceinline__ void offsets(unsigned index, std::int64_t (&at)[kTensors]) const {
#pragma unroll
    for (int t = 0; t < kTensors; ++t) at[t] = 0;
    for (int axis = 0; axis + 1 < axes; ++axis) {
      const unsigned outer = extents[axis].quotient(index), coordinate = index - outer * extents[axis].divisor();
#pragma unroll
      for (int t = 0; t < kTensors; ++t) at[t] += coordinate * strides[axis][t];
      index = outer;
    }
#pragma unroll
    for (int t = 0; t < kTensors; ++t) at[t] += index * strides[axes - 1][t];
  }
};

/// The walk over `axes` (outermost first), along the innermost of which `pack` elements are taken at a time. Tensor t
/// of the walk is tensor `first` + t of the axes.
template <int kTensors>
Walk<kTensors> make_walk(const std::vector<MergedAxis>& axes, int pack, std::size_t first = 0) {
  if (axes.size() > kMostAxes)
    throw Error("broadcast kernel: " + std::to_string(axes.size()) + " axes that do not merge; accepted: at most 16");
  Walk<kTensors> walk;
  for (std::size_t axis = 0; axis < axes.size(); ++axis) {
    const MergedAxis& from = axes[axes.size() - 1 - axis];
    const std::int64_t step = axis == 0 ? pack : 1;
    walk.extents[axis] = FastDivision(static_cast<unsigned>(std::max<std::int64_t>(from.extent / step, 1)));
    for (int t = 0; t < kTensors; ++t) walk.strides[axis][t] = from.strides[first + static_cast<std::size_t>(t)] * step;
  }
  walk.axes = std::max(static_cast<int>(axes.size()), 1);
  return walk;
}

/// Whether packs of 16 bytes along the innermost axis are aligned wherever the other axes lead.
inline bool takes_packs(const std::vector<MergedAxis>& axes, std::size_t tensor, const TensorView& view, int pack) {
  if (axes.empty() || axes.back().strides[tensor] != 1 || axes.back().extent % pack != 0 || !view.is_aligned(16))
    return false;
  for (std::size_t axis = 0; axis + 1 < axes.size(); ++axis)
    if (axes[axis].strides[tensor] % pack != 0) return false;
  return true;
}

inline std::int64_t count_of(const std::vector<MergedAxis>& axes) {
  std::int64_t count = 1;
  for (const MergedAxis& axis : axes) count *= axis.extent;
  return count;
}

}  // namespace lockstep::LOCKSTEP_BACKEND
