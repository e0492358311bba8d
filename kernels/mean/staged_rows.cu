// SPDX-License-Identifier: Apache-2.0
// Idea: short rows (7 x 7 maps under a global average pool) are no multiple of anything, so a block copies a stretch of
// whole rows to shared memory by 16-byte loads, whatever the length of a row, and sums the rows from there.
// Layout: 256 threads; kLanes lanes share a row, so that a block takes 256 / kLanes rows (at most 16 KB).
// Fast because: every access to global memory is a full 16-byte one and all of them are in flight before the barrier.
#include "kernels/mean/plan.hpp"
#include "kernels/shared/divisor.cuh"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/reduce.cuh"
#include "kernels/shared/scalar.cuh"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kThreads = 256;

template <class Scalar, int kLanes, bool kAligned>
__global__ void __launch_bounds__(kThreads)
    staged_rows(const Scalar* __restrict__ x, Scalar* __restrict__ y, std::int64_t rows, int terms,
                std::int64_t y_pitch, Divisor divisor) {
  constexpr int kRows = kThreads / kLanes, kPack = kAligned ? kFullPack<Scalar> : 1;
  using Packed = Pack<Scalar, kPack>;
  LOCKSTEP_DYNAMIC_SHARED(Scalar, stage);
  const int thread = static_cast<int>(threadIdx.x);
  const std::int64_t first_row = static_cast<std::int64_t>(blockIdx.x) * kRows;
  const int own_rows = rows - first_row < kRows ? static_cast<int>(rows - first_row) : kRows;
  const int elements = own_rows * terms, packs = elements / kPack;
  // A block's rows are a multiple of eight, so its stretch starts on a boundary where x does.
  const Scalar* const stretch = x + first_row * terms;
#pragma unroll 4
  for (int at = thread; at < packs; at += kThreads)
    reinterpret_cast<Packed*>(stage)[at] = reinterpret_cast<const Packed*>(stretch)[at];
  if (const int rest = packs * kPack + thread; rest < elements) stage[rest] = stretch[rest];
  __syncthreads();

  const int row = thread / kLanes, lane = thread % kLanes;
  float total = 0.0f;
  if (row < own_rows)
    for (int term = lane; term < terms; term += kLanes) total += to_float(stage[row * terms + term]);
#pragma unroll
  for (int distance = kLanes / 2; distance > 0; distance /= 2) total += __shfl_xor_sync(kAllLanes, total, distance);
  if (row < own_rows && lane == 0) y[(first_row + row) * y_pitch] = from_float<Scalar>(divided(total, divisor));
}

template <class Scalar, int kLanes>
Launch launch_of(const MeanRows& rows, const Tensors& tensors, Device& device) {
  const TensorView x = tensors.inputs[0], y = tensors.outputs[0];
  constexpr int kRows = kThreads / kLanes;
  const bool aligned = x.is_aligned(16);
  const LaunchShape shape{(rows.rows + kRows - 1) / kRows, kThreads,
                          static_cast<std::size_t>(kRows * rows.terms) * sizeof(Scalar)};
  return [=, stream = device.stream()] {
    launch(aligned ? staged_rows<Scalar, kLanes, true> : staged_rows<Scalar, kLanes, false>, shape, stream,
           x.as<const Scalar>(), y.as<Scalar>(), rows.rows, static_cast<int>(rows.terms), rows.y_pitch,
           Divisor(rows.terms));
  };
}

}  // namespace

Launch mean_forward_staged_rows(const Problem& problem, const Tensors& tensors, Device& device) {
  const Mean op(problem);
  if (op.outputs == 0) return [] {};
  const MeanRows rows = *as_rows(plan_mean(op, tensors.inputs[0].strides, tensors.outputs[0].strides));
  return with_scalar(problem.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    switch (lanes_of_staged_row(rows.terms)) {
      case 1: return launch_of<Scalar, 1>(rows, tensors, device);
      case 4: return launch_of<Scalar, 4>(rows, tensors, device);
      case 8: return launch_of<Scalar, 8>(rows, tensors, device);
      default: return launch_of<Scalar, 32>(rows, tensors, device);
    }
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
