// SPDX-License-Identifier: Apache-2.0
// Idea: the kernel for everything that is neither rows nor stripes (batch and space but not channels, views with gaps): the
// coordinates of each term are worked out from its number.
// Layout: a warp, or a block of 256 threads where sums are long, per mean; neighbouring threads take neighbouring terms.
// Fast because: where the innermost axis is reduced its loads are coalesced, four are in flight per thread, and coordinates
// cost a multiplication by a reciprocal for each axis.
#include "kernels/mean/axis_walk.cuh"
#include "kernels/shared/divisor.cuh"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/reduce.cuh"
#include "kernels/shared/scalar.cuh"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kBlockThreads = 256;
constexpr int kFlight = 4;

/// kThreads threads per mean: 32 or the whole block.
template <class Scalar, int kThreads>
__global__ void __launch_bounds__(kBlockThreads)
    any_axes(const Scalar* __restrict__ x, Scalar* __restrict__ y, AxisWalk kept, AxisWalk reduced, unsigned outputs,
             unsigned terms, Divisor divisor) {
  const unsigned thread = threadIdx.x % kThreads;
  const unsigned output = (blockIdx.x * kBlockThreads + threadIdx.x) / kThreads;
  if (output >= outputs) return;  // whole warps; with a block per mean none
  const AxisOffset place = kept.at(output);
  const Scalar* const first = x + place.x;
  float parts[kFlight] = {};
  for (unsigned term = thread; term < terms; term += kFlight * kThreads) {
#pragma unroll
    for (int k = 0; k < kFlight; ++k)
      if (term + k * kThreads < terms) parts[k] += to_float(first[reduced.at(term + k * kThreads).x]);
  }
  float total = (parts[0] + parts[1]) + (parts[2] + parts[3]);
  if constexpr (kThreads == 32)
    total = warp_sum(total);
  else
    total = block_sum(total);
  if (thread == 0) y[place.y] = from_float<Scalar>(divided(total, divisor));
}

/// Each thread writes every element number first + k * 256 of its block's share.
template <class Scalar>
__global__ void __launch_bounds__(kBlockThreads) spread_any_axes(const Scalar* __restrict__ g, Scalar* __restrict__ d_x,
                                                                 AxisWalk axes, unsigned elements, Divisor divisor) {
  const unsigned first = blockIdx.x * (kFlight * kBlockThreads) + threadIdx.x;
#pragma unroll
  for (int k = 0; k < kFlight; ++k) {
    const unsigned element = first + k * kBlockThreads;
    if (element >= elements) break;
    const AxisOffset place = axes.at(element);
    d_x[place.x] = from_float<Scalar>(divided(to_float(g[place.y]), divisor));
  }
}

}  // namespace

Launch mean_forward_any_axes(const Problem& problem, const Tensors& tensors, Device& device) {
  const Mean op(problem);
  if (op.outputs == 0) return [] {};
  const TensorView x = tensors.inputs[0], y = tensors.outputs[0];
  AxisWalk kept, reduced;
  const MeanPlan plan = plan_mean(op, x.strides, y.strides);
  for (auto axis = plan.rbegin(); axis != plan.rend(); ++axis)
    if (axis->extent > 0) (axis->is_reduced ? reduced : kept).append(*axis);  // the mean of nothing walks nothing
  const auto outputs = static_cast<unsigned>(op.outputs), terms = static_cast<unsigned>(op.terms);
  const bool block_each = terms >= kTermsForABlock;
  return with_scalar(problem.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    const std::int64_t per_block = block_each ? 1 : kBlockThreads / 32;
    const LaunchShape shape{(op.outputs + per_block - 1) / per_block, kBlockThreads, 0};
    return [=, divisor = Divisor(op.terms), stream = device.stream()] {
      launch(block_each ? any_axes<Scalar, kBlockThreads> : any_axes<Scalar, 32>, shape, stream, x.as<const Scalar>(),
             y.as<Scalar>(), kept, reduced, outputs, terms, divisor);
    };
  });
}

Launch mean_backward_any_axes(const Problem& problem, const Tensors& tensors, Device& device) {
  const Mean op(problem);
  const std::int64_t elements = element_count(op.shape);
  if (elements == 0) return [] {};
  const TensorView g = tensors.inputs[0], d_x = tensors.outputs[0];
  AxisWalk axes;
  const MeanPlan plan = plan_mean(op, d_x.strides, g.strides);
  for (auto axis = plan.rbegin(); axis != plan.rend(); ++axis) axes.append(*axis);
  return with_scalar(problem.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    constexpr std::int64_t kPerBlock = kFlight * kBlockThreads;
    const LaunchShape shape{(elements + kPerBlock - 1) / kPerBlock, kBlockThreads, 0};
    return [=, divisor = Divisor(op.terms), stream = device.stream()] {
      launch(spread_any_axes<Scalar>, shape, stream, g.as<const Scalar>(), d_x.as<Scalar>(), axes,
             static_cast<unsigned>(elements), divisor);
    };
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
