// SPDX-License-Identifier: Apache-2.0
// Idea: a block owns a row of any length; each thread holds its first elements in registers and reads what lies beyond
// again, from the L2 cache, for the sum and for the result.
// Layout: one row per block of up to 512 threads; thread t holds packs t, t + threads, ... of 16 bytes.
// Fast because: rows up to 16384 elements are read once; the maximum is known before the first exponential, so no partial
// sum is ever rescaled; all loads of a thread are independent of each other and coalesced.
#include <cmath>

#include "kernels/shared/group_layout.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/reduce.cuh"
#include "kernels/shared/row_blocks.hpp"
#include "kernels/shared/scalar.cuh"
#include "reference/softmax.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

template <class Scalar, int kPack, int kPacksHeld>
__global__ void __launch_bounds__(kMostRowThreads)
    forward_block_per_row(const Scalar* __restrict__ x, Scalar* __restrict__ y, int columns, std::int64_t pitch) {
  using Packed = Pack<Scalar, kPack>;
  const Scalar* const x_row = x + static_cast<std::int64_t>(blockIdx.x) * pitch;
  Scalar* const y_row = y + static_cast<std::int64_t>(blockIdx.x) * pitch;
  const int own = static_cast<int>(threadIdx.x) * kPack, step = static_cast<int>(blockDim.x) * kPack;

  float values[kPacksHeld][kPack];
  float maximum = -INFINITY;
#pragma unroll
  for (int k = 0; k < kPacksHeld; ++k)
    if (own + k * step < columns) {
      const auto pack = *reinterpret_cast<const Packed*>(x_row + own + k * step);
#pragma unroll
      for (int i = 0; i < kPack; ++i) maximum = fmaxf(maximum, values[k][i] = to_float(pack.values[i]));
    }
  for (int first = own + kPacksHeld * step; first < columns; first += step) {
    const auto pack = *reinterpret_cast<const Packed*>(x_row + first);
#pragma unroll
    for (int i = 0; i < kPack; ++i) maximum = fmaxf(maximum, to_float(pack.values[i]));
  }
  maximum = block_max(maximum);

  float total = 0.0f;
#pragma unroll
  for (int k = 0; k < kPacksHeld; ++k)
    if (own + k * step < columns)
#pragma unroll
      for (int i = 0; i < kPack; ++i) total += values[k][i] = expf(values[k][i] - maximum);
  for (int first = own + kPacksHeld * step; first < columns; first += step) {
    const auto pack = *reinterpret_cast<const Packed*>(x_row + first);
#pragma unroll
    for (int i = 0; i < kPack; ++i) total += expf(to_float(pack.values[i]) - maximum);
  }
  total = block_sum(total);

#pragma unroll
  for (int k = 0; k < kPacksHeld; ++k)
    if (own + k * step < columns) {
      Packed out;
#pragma unroll
      for (int i = 0; i < kPack; ++i) out.values[i] = from_float<Scalar>(values[k][i] / total);
      *reinterpret_cast<Packed*>(y_row + own + k * step) = out;
    }
  for (int first = own + kPacksHeld * step; first < columns; first += step) {
    const auto pack = *reinterpret_cast<const Packed*>(x_row + first);
    Packed out;
#pragma unroll
    for (int i = 0; i < kPack; ++i)
      out.values[i] = from_float<Scalar>(expf(to_float(pack.values[i]) - maximum) / total);
    *reinterpret_cast<Packed*>(y_row + first) = out;
  }
}

template <class Scalar, int kPack, int kPacksHeld>
Launch launch_of(const GroupLayout& layout, const Tensors& tensors, Device& device) {
  return [=, x = tensors.inputs[0].as<const Scalar>(), y = tensors.outputs[0].as<Scalar>(), stream = device.stream()] {
    launch(forward_block_per_row<Scalar, kPack, kPacksHeld>,
           {dim3(static_cast<unsigned>(layout.groups)), dim3(static_cast<unsigned>(threads_for_row(layout.length))), 0},
           stream, x, y, static_cast<int>(layout.length), layout.row_pitch());
  };
}

template <class Scalar>
Launch launch_for_row(const GroupLayout& layout, const Tensors& tensors, Device& device) {
  constexpr int kPack = kFullPack<Scalar>;
  const bool few = holds_few(layout.length);
  if (layout.rows_take_packs(tensors.inputs[0], kPack) && layout.rows_take_packs(tensors.outputs[0], kPack))
    return few ? launch_of<Scalar, kPack, kFewHeld / kPack>(layout, tensors, device)
               : launch_of<Scalar, kPack, kManyHeld / kPack>(layout, tensors, device);
  return few ? launch_of<Scalar, 1, kFewHeld>(layout, tensors, device)
             : launch_of<Scalar, 1, kManyHeld>(layout, tensors, device);
}

}  // namespace

Launch softmax_forward_block_per_row(const Problem& problem, const Tensors& tensors, Device& device) {
  const Softmax op(problem);
  if (op.groups() * op.length == 0) return [] {};
  return with_scalar(problem.dtype, [&](auto tag) {
    return launch_for_row<typename decltype(tag)::type>(GroupLayout(op.dim, tensors.inputs[0]), tensors, device);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
