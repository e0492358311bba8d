// SPDX-License-Identifier: Apache-2.0
// Idea: with a handful of rows a linear layer is a product with few vectors; a warp owns columns of y (rows of the
// weight) and keeps the sums of all rows of x in registers.
// Layout: kWarps warps per block, kColumns columns each; lane l takes packs l, l + 32, ... of 16 bytes of the weight's
// rows and the same packs of x.
// Fast because: the weight is read once, coalesced, in 16-byte accesses, and that is the bound; x is small enough to
// stay in the first-level cache, and each of its packs serves kColumns columns.
#include "kernels/linear/small_batch.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/reduce.cuh"
#include "kernels/shared/scalar.cuh"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kWarps = 4, kColumns = 2;

template <class Scalar, int kPack>
__device__ __forceinline__ void load_pack(float (&values)[kPack], const Scalar* from) {
  const auto pack = *reinterpret_cast<const Pack<Scalar, kPack>*>(from);
#pragma unroll
  for (int i = 0; i < kPack; ++i) values[i] = to_float(pack.values[i]);
}

template <class Scalar, int kPack, int kRows>
__global__ void __launch_bounds__(32 * kWarps)
    forward_warp_per_column(const Scalar* __restrict__ x, std::int64_t x_pitch, const Scalar* __restrict__ weight,
                            const Scalar* __restrict__ bias, Scalar* __restrict__ y, std::int64_t y_pitch, int rows,
                            int in_features, std::int64_t out_features) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const std::int64_t first = (static_cast<std::int64_t>(blockIdx.x) * kWarps + threadIdx.x / 32) * kColumns;
  if (first >= out_features) return;  // a whole warp leaves together
  // Rows and columns beyond the last repeat it and are not written.
  const Scalar* weight_rows[kColumns];
  const Scalar* x_rows[kRows];
#pragma unroll
  for (int c = 0; c < kColumns; ++c)
    weight_rows[c] = weight + (first + c < out_features ? first + c : out_features - 1) * in_features;
#pragma unroll
  for (int r = 0; r < kRows; ++r) x_rows[r] = x + (r < rows ? r : rows - 1) * x_pitch;

  float sums[kRows][kColumns] = {};
#pragma unroll 2
  for (int k = lane * kPack; k < in_features; k += 32 * kPack) {
    float w[kColumns][kPack];
#pragma unroll
    for (int c = 0; c < kColumns; ++c) load_pack(w[c], weight_rows[c] + k);
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      float values[kPack];
      load_pack(values, x_rows[r] + k);
#pragma unroll
      for (int c = 0; c < kColumns; ++c)
#pragma unroll
        for (int i = 0; i < kPack; ++i) sums[r][c] += values[i] * w[c][i];
    }
  }

#pragma unroll
  for (int r = 0; r < kRows; ++r)
#pragma unroll
    for (int c = 0; c < kColumns; ++c) {
      const float total = warp_sum(sums[r][c]);
      const std::int64_t column = first + c;
      if (lane == r * kColumns + c && r < rows && column < out_features)
        y[r * y_pitch + column] = from_float<Scalar>(bias ? total + to_float(bias[column]) : total);
    }
}

template <class Scalar, int kPack>
Launch launch_of(const Linear& op, const Tensors& tensors, Device& device) {
  const MatrixView x = linear_x(op, tensors.inputs[0]), y = linear_y(op, tensors.outputs[0]);
  const auto* weight = tensors.inputs[1].as<const Scalar>();
  const auto* bias = op.bias ? tensors.inputs[2].as<const Scalar>() : nullptr;
  constexpr std::int64_t kPerBlock = kWarps * kColumns;
  const std::int64_t blocks = (op.out_features + kPerBlock - 1) / kPerBlock;
  return with_batch(op.rows, [&](auto batch) -> Launch {
    return [=, stream = device.stream()] {
      launch(forward_warp_per_column<Scalar, kPack, batch.value>, {blocks, 32 * kWarps}, stream,
             x.tensor.template as<const Scalar>(), x.pitch, weight, bias, y.tensor.template as<Scalar>(), y.pitch,
             static_cast<int>(op.rows), static_cast<int>(op.in_features), op.out_features);
    };
  });
}

}  // namespace

Launch linear_forward_warp_per_column(const Problem& problem, const Tensors& tensors, Device& device) {
  const Linear op(problem);
  if (op.out_features == 0) return [] {};
  return with_scalar(problem.dtype, [&](auto tag) {
    using Scalar = typename decltype(tag)::type;
    constexpr int kPack = kFullPack<Scalar>;
    if (linear_x(op, tensors.inputs[0]).takes_packs(kPack) && linear_weight(op, tensors.inputs[1]).takes_packs(kPack))
      return launch_of<Scalar, kPack>(op, tensors, device);
    return launch_of<Scalar, 1>(op, tensors, device);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
