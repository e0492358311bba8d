// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/simt/port.cuh"
#include "kernels/shared/group_layout.hpp"

// What the kernels share that give a group to a column of threads: threadIdx.x chooses one of 32 neighbouring groups,
// threadIdx.y shares out the group's elements.
namespace lockstep::LOCKSTEP_BACKEND {

inline constexpr int kGroupLanes = 32, kMostGroupThreads = 32;

/// Offset of the group's first element.
__device__ __forceinline__ std::int64_t first_of_group(const GroupLayout& layout, std::uint32_t group) {
  std::int64_t offset = 0;
#pragma unroll
  for (int axis = 0; axis < GroupLayout::kMostAxes; ++axis)
    if (axis < layout.axes) {
      offset += static_cast<std::int64_t>(group % layout.extents[axis]) * layout.strides[axis];
      group /= layout.extents[axis];
    }
  return offset;
}

struct Larger {
  __device__ __forceinline__ float operator()(float a, float b) const { return fmaxf(a, b); }
};
struct Added {
  __device__ __forceinline__ float operator()(float a, float b) const { return a + b; }
};

/// Joins the values of a column of threads by a tree of fixed shape; every thread of the column ends with the result. Called
/// by all threads of a block of kGroupLanes x a power of two.
template <class Join>
__device__ __forceinline__ float column_join(float value, Join join) {
  LOCKSTEP_SHARED(float, values, [kMostGroupThreads][kGroupLanes]);
  const int x = static_cast<int>(threadIdx.x), y = static_cast<int>(threadIdx.y);
  values[y][x] = value;
  for (int distance = static_cast<int>(blockDim.y) / 2; distance > 0; distance /= 2) {
    __syncthreads();
    if (y < distance) values[y][x] = join(values[y][x], values[y + distance][x]);
  }
  __syncthreads();
  const float joined = values[0][x];
  __syncthreads();  // before the next call writes
  return joined;
}

}  // namespace lockstep::LOCKSTEP_BACKEND
