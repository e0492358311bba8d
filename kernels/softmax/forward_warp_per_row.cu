// SPDX-License-Identifier: Apache-2.0
// Idea: the lanes of a warp own a row and keep it in registers, so x is read once and y written once.
// Layout: 32 lanes to a row, or 8 where it is short (four rows to a warp); lane l of them holds packs l, l + lanes, ... of
// 16 bytes. kWarps warps per block.
// Fast because: maximum, exponentials and sum come from registers without shared memory or a block barrier, each exponential
// is computed once, and every access is a coalesced 16-byte one.
#include <cmath>

#include "kernels/shared/group_layout.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/row_lanes.cuh"
#include "kernels/shared/scalar.cuh"
#include "reference/softmax.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kWarps = 4;

template <class Scalar, int kPack, int kPacksPerLane, int kLanes>
__global__ void __launch_bounds__(32 * kWarps)
    forward_warp_per_row(const Scalar* __restrict__ x, Scalar* __restrict__ y, std::int64_t rows, int columns,
                         std::int64_t pitch) {
  const int thread = static_cast<int>(threadIdx.x), lane = thread % kLanes;
  const std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * (32 * kWarps / kLanes) + thread / kLanes;
  const int count = row < rows ? columns : 0;  // lanes behind the last row still take part in the shuffles

  float values[kPacksPerLane][kPack];
  float maximum = -INFINITY;
#pragma unroll
  for (int k = 0; k < kPacksPerLane; ++k) {
    const int first = (k * kLanes + lane) * kPack;
    if (first < count) {
      const auto pack = *reinterpret_cast<const Pack<Scalar, kPack>*>(x + row * pitch + first);
#pragma unroll
      for (int i = 0; i < kPack; ++i) maximum = fmaxf(maximum, values[k][i] = to_float(pack.values[i]));
    }
  }
  maximum = lanes_max<kLanes>(maximum);

  float total = 0.0f;
#pragma unroll
  for (int k = 0; k < kPacksPerLane; ++k)
    if ((k * kLanes + lane) * kPack < count)
#pragma unroll
      for (int i = 0; i < kPack; ++i) total += values[k][i] = expf(values[k][i] - maximum);
  total = lanes_sum<kLanes>(total);

#pragma unroll
  for (int k = 0; k < kPacksPerLane; ++k) {
    const int first = (k * kLanes + lane) * kPack;
    if (first < count) {
      Pack<Scalar, kPack> out;
#pragma unroll
      for (int i = 0; i < kPack; ++i) out.values[i] = from_float<Scalar>(values[k][i] / total);
      *reinterpret_cast<Pack<Scalar, kPack>*>(y + row * pitch + first) = out;
    }
  }
}

template <class Scalar, int kPack, int kPacksPerLane, int kLanes>
Launch launch_of(const GroupLayout& layout, const Tensors& tensors, Device& device) {
  constexpr std::int64_t kRows = 32 * kWarps / kLanes;
  return [=, x = tensors.inputs[0].as<const Scalar>(), y = tensors.outputs[0].as<Scalar>(), stream = device.stream()] {
    launch(forward_warp_per_row<Scalar, kPack, kPacksPerLane, kLanes>,
           {dim3(static_cast<unsigned>((layout.groups + kRows - 1) / kRows)), dim3(32 * kWarps), 0}, stream, x, y,
           layout.groups, static_cast<int>(layout.length), layout.row_pitch());
  };
}

/// Packs of 16 bytes where rows allow it, else single elements; as few registers as the row needs.
template <class Scalar>
Launch launch_for_row(const GroupLayout& layout, const Tensors& tensors, Device& device) {
  constexpr int kPack = kFullPack<Scalar>;
  if (layout.rows_take_packs(tensors.inputs[0], kPack) && layout.rows_take_packs(tensors.outputs[0], kPack)) {
    if (layout.length <= 8 * 8) return launch_of<Scalar, kPack, 8 / kPack, 8>(layout, tensors, device);
    if (layout.length <= 32 * 8) return launch_of<Scalar, kPack, 8 / kPack, 32>(layout, tensors, device);
    return launch_of<Scalar, kPack, 32 / kPack, 32>(layout, tensors, device);
  }
  if (layout.length <= 8 * 4) return launch_of<Scalar, 1, 4, 8>(layout, tensors, device);
  if (layout.length <= 32 * 8) return launch_of<Scalar, 1, 8, 32>(layout, tensors, device);
  return launch_of<Scalar, 1, 32, 32>(layout, tensors, device);
}

}  // namespace

Launch softmax_forward_warp_per_row(const Problem& problem, const Tensors& tensors, Device& device) {
  const Softmax op(problem);
  if (op.groups() * op.length == 0) return [] {};
  return with_scalar(problem.dtype, [&](auto tag) {
    return launch_for_row<typename decltype(tag)::type>(GroupLayout(op.dim, tensors.inputs[0]), tensors, device);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
