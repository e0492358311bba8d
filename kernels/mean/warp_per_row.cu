// SPDX-License-Identifier: Apache-2.0
// Idea: one warp owns a row of some hundred to some thousand terms.
// Layout: 8 warps per block, one row each; lane l takes 16-byte packs l, l + 32, ... of the row.
// Fast because: no barrier and no shared memory, coalesced 16-byte loads with four in flight per lane, four sums side by side.
#include "kernels/mean/plan.hpp"
#include "kernels/mean/row_sum.cuh"
#include "kernels/shared/divisor.cuh"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/reduce.cuh"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kWarps = 8;

template <class Scalar>
__global__ void __launch_bounds__(32 * kWarps)
    warp_per_row(const Scalar* __restrict__ x, Scalar* __restrict__ y, MeanRows rows, Divisor divisor) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * kWarps + threadIdx.x / 32;
  if (row >= rows.rows) return;  // a whole warp leaves together
  const float total = warp_sum(part_of_row<Scalar, 32>(x + row * rows.x_pitch, rows.terms, lane));
  if (lane == 0) y[row * rows.y_pitch] = from_float<Scalar>(divided(total, divisor));
}

}  // namespace

Launch mean_forward_warp_per_row(const Problem& problem, const Tensors& tensors, Device& device) {
  const Mean op(problem);
  if (op.outputs == 0) return [] {};
  const TensorView x = tensors.inputs[0], y = tensors.outputs[0];
  const MeanRows rows = *as_rows(plan_mean(op, x.strides, y.strides));
  return with_scalar(problem.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    const LaunchShape shape{(rows.rows + kWarps - 1) / kWarps, 32 * kWarps, 0};
    return [=, stream = device.stream()] {
      launch(warp_per_row<Scalar>, shape, stream, x.as<const Scalar>(), y.as<Scalar>(), rows, Divisor(rows.terms));
    };
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
