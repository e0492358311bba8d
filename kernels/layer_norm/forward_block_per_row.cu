// SPDX-License-Identifier: Apache-2.0
// Idea: a block owns a row of any length; each thread holds its first elements in registers and reads what lies beyond
// again, from the L2 cache, for the variance and for the result.
// Layout: one row per block of up to 512 threads; thread t holds packs t, t + threads, ... of 16 bytes.
// Fast because: rows up to 16384 elements are read once, mean and centred squares both coming from registers (two-pass); all
// loads of a thread are independent of each other and coalesced.
#include "kernels/layer_norm/row_pack.cuh"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/reduce.cuh"
#include "kernels/shared/row_blocks.hpp"
#include "kernels/shared/rows.hpp"
#include "reference/layer_norm.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

template <class Scalar, int kPack, int kPacksHeld>
__global__ void __launch_bounds__(kMostRowThreads)
    forward_block_per_row(const Scalar* __restrict__ x, const Scalar* __restrict__ weight,
                          const Scalar* __restrict__ bias, Scalar* __restrict__ y, int columns, std::int64_t x_pitch,
                          std::int64_t y_pitch, float eps) {
  const Scalar* const x_row = x + static_cast<std::int64_t>(blockIdx.x) * x_pitch;
  Scalar* const y_row = y + static_cast<std::int64_t>(blockIdx.x) * y_pitch;
  const int own = static_cast<int>(threadIdx.x) * kPack, step = static_cast<int>(blockDim.x) * kPack;
  const int beyond = own + kPacksHeld * step;

  FloatPack<kPack> held[kPacksHeld];
  float total = 0.0f;
#pragma unroll
  for (int k = 0; k < kPacksHeld; ++k)
    if (own + k * step < columns) {
      held[k] = load_pack<kPack>(x_row + own + k * step);
#pragma unroll
      for (int i = 0; i < kPack; ++i) total += held[k].values[i];
    }
  for (int first = beyond; first < columns; first += step) {
    const auto pack = load_pack<kPack>(x_row + first);
#pragma unroll
    for (int i = 0; i < kPack; ++i) total += pack.values[i];
  }
  const float mean = block_sum(total) / static_cast<float>(columns);

  float squares = 0.0f;
#pragma unroll
  for (int k = 0; k < kPacksHeld; ++k)
    if (own + k * step < columns) squares = add_squares(held[k], mean, squares);
  for (int first = beyond; first < columns; first += step)
    squares = add_squares(load_pack<kPack>(x_row + first), mean, squares);
  const float rstd = rsqrtf(block_sum(squares) / static_cast<float>(columns) + eps);

#pragma unroll
  for (int k = 0; k < kPacksHeld; ++k)
    if (own + k * step < columns) store_normalized(held[k], mean, rstd, weight, bias, own + k * step, y_row);
  for (int first = beyond; first < columns; first += step)
    store_normalized(load_pack<kPack>(x_row + first), mean, rstd, weight, bias, first, y_row);
}

template <class Scalar, int kPack, int kPacksHeld>
Launch launch_of(const LayerNorm& op, const Tensors& tensors, Device& device) {
  const TensorView x = tensors.inputs[0], y = tensors.outputs[0];
  const auto* weight = op.has_weight ? tensors.inputs[1].as<const Scalar>() : nullptr;
  const auto* bias = op.has_bias ? tensors.inputs[2].as<const Scalar>() : nullptr;
  const std::int64_t x_pitch = row_pitch(x, op.columns), y_pitch = row_pitch(y, op.columns);
  const LaunchShape shape{dim3(static_cast<unsigned>(op.rows)),
                          dim3(static_cast<unsigned>(threads_for_row(op.columns))), 0};
  return [=, stream = device.stream()] {
    launch(forward_block_per_row<Scalar, kPack, kPacksHeld>, shape, stream, x.as<const Scalar>(), weight, bias,
           y.as<Scalar>(), static_cast<int>(op.columns), x_pitch, y_pitch, static_cast<float>(op.eps));
  };
}

template <class Scalar>
Launch launch_for_row(const LayerNorm& op, const Tensors& tensors, Device& device) {
  constexpr int kPack = kFullPack<Scalar>;
  const bool few = holds_few(op.columns);
  if (all_take_packs(tensors, op.columns, kPack))
    return few ? launch_of<Scalar, kPack, kFewHeld / kPack>(op, tensors, device)
               : launch_of<Scalar, kPack, kManyHeld / kPack>(op, tensors, device);
  return few ? launch_of<Scalar, 1, kFewHeld>(op, tensors, device)
             : launch_of<Scalar, 1, kManyHeld>(op, tensors, device);
}

}  // namespace

Launch layer_norm_forward_block_per_row(const Problem& problem, const Tensors& tensors, Device& device) {
  const LayerNorm op(problem);
  if (op.rows == 0) return [] {};
  return with_scalar(problem.dtype,
                     [&](auto tag) { return launch_for_row<typename decltype(tag)::type>(op, tensors, device); });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
