// SPDX-License-Identifier: Apache-2.0
// Idea: one warp owns a row and keeps it in registers, so x is read once and y written once.
// Layout: kWarps warps per block, one row each; lane l holds packs l, l + 32, ... of 16 bytes.
// Fast because: the mean and then the centred squares are summed from registers (two-pass: same traffic as one-pass, far
// better numerics), no shared memory and no block barrier, and every access is a coalesced 16-byte one.
#include "kernels/layer_norm/row_pack.cuh"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/reduce.cuh"
#include "reference/layer_norm.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kWarps = 4;

template <class Scalar, int kPack, int kPacksPerLane>
__global__ void __launch_bounds__(32 * kWarps)
    forward_warp_per_row(const Scalar* __restrict__ x, const Scalar* __restrict__ weight,
                         const Scalar* __restrict__ bias, Scalar* __restrict__ y, std::int64_t rows, int columns,
                         std::int64_t x_pitch, std::int64_t y_pitch, float eps) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * kWarps + threadIdx.x / 32;
  if (row >= rows) return;  // a whole warp leaves together
  const Scalar* const x_row = x + row * x_pitch;

  FloatPack<kPack> held[kPacksPerLane];
  float total = 0.0f;
#pragma unroll
  for (int k = 0; k < kPacksPerLane; ++k) {
    const int first = (k * 32 + lane) * kPack;
    if (first < columns) {
      held[k] = load_pack<kPack>(x_row + first);
#pragma unroll
      for (int i = 0; i < kPack; ++i) total += held[k].values[i];
    }
  }
  const float mean = warp_sum(total) / static_cast<float>(columns);

  float squares = 0.0f;
#pragma unroll
  for (int k = 0; k < kPacksPerLane; ++k)
    if ((k * 32 + lane) * kPack < columns) squares = add_squares(held[k], mean, squares);
  const float rstd = rsqrtf(warp_sum(squares) / static_cast<float>(columns) + eps);

#pragma unroll
  for (int k = 0; k < kPacksPerLane; ++k) {
    const int first = (k * 32 + lane) * kPack;
    if (first < columns) store_normalized(held[k], mean, rstd, weight, bias, first, y + row * y_pitch);
  }
}

template <class Scalar, int kPack, int kPacksPerLane>
Launch launch_of(const LayerNorm& op, const Tensors& tensors, Device& device) {
  const TensorView x = tensors.inputs[0], y = tensors.outputs[0];
  const auto* weight = op.has_weight ? tensors.inputs[1].as<const Scalar>() : nullptr;
  const auto* bias = op.has_bias ? tensors.inputs[2].as<const Scalar>() : nullptr;
  const std::int64_t x_pitch = row_pitch(x, op.columns), y_pitch = row_pitch(y, op.columns);
  const auto blocks = static_cast<unsigned>((op.rows + kWarps - 1) / kWarps);
  return [=, stream = device.stream()] {
    launch(forward_warp_per_row<Scalar, kPack, kPacksPerLane>, {dim3(blocks), dim3(32 * kWarps), 0}, stream,
           x.as<const Scalar>(), weight, bias, y.as<Scalar>(), op.rows, static_cast<int>(op.columns), x_pitch, y_pitch,
           static_cast<float>(op.eps));
  };
}

/// Packs of 16 bytes where rows allow it, else single elements; as few registers as the row needs.
template <class Scalar>
Launch launch_for_row(const LayerNorm& op, const Tensors& tensors, Device& device) {
  constexpr int kPack = kFullPack<Scalar>;
  if (all_take_packs(tensors, op.columns, kPack)) {
    if (op.columns <= 32 * 8) return launch_of<Scalar, kPack, 8 / kPack>(op, tensors, device);
    return launch_of<Scalar, kPack, 32 / kPack>(op, tensors, device);
  }
  if (op.columns <= 32 * 8) return launch_of<Scalar, 1, 8>(op, tensors, device);
  return launch_of<Scalar, 1, 32>(op, tensors, device);
}

}  // namespace

Launch layer_norm_forward_warp_per_row(const Problem& problem, const Tensors& tensors, Device& device) {
  const LayerNorm op(problem);
  if (op.rows == 0) return [] {};
  return with_scalar(problem.dtype,
                     [&](auto tag) { return launch_for_row<typename decltype(tag)::type>(op, tensors, device); });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
