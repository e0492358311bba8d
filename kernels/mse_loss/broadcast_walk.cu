// SPDX-License-Identifier: Apache-2.0
// Idea: operands that are broadcast: the axes are merged on the host, and the places of an element in every tensor follow
// from its number by multiplications with reciprocals (kernels/shared/walk.cuh). The gradient of a broadcast operand sums
// over its copies, with the threads of a group side by side along them.
// Layout: forward one element per thread; backward 1, 32 or 256 threads per element of the gradient, as many as its copies
// give work to, whose sums are joined by a tree of fixed shape.
// Fast because accesses are coalesced along the innermost axis, four are in flight per thread, and what is broadcast comes
// from the caches.
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/reduce.cuh"
#include "kernels/shared/scalar.cuh"
#include "kernels/shared/walk.cuh"
#include "reference/mse_loss.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kThreads = 256, kInFlight = 4;

template <class Scalar>
__global__ void __launch_bounds__(kThreads) squares(const Scalar* __restrict__ input, const Scalar* __restrict__ target,
                                                    Scalar* __restrict__ y, Walk<3> walk, unsigned count) {
  const unsigned first = blockIdx.x * (kThreads * kInFlight) + threadIdx.x;
#pragma unroll
  for (int k = 0; k < kInFlight; ++k)
    if (first + k * kThreads < count) {
      std::int64_t at[3];
      walk.offsets(first + k * kThreads, at);
      const float difference = to_float(input[at[1]]) - to_float(target[at[2]]);
      y[at[0]] = from_float<Scalar>(difference * difference);
    }
}

/// One operand's gradient: where its elements lie (gradient, input, target, g_y), and the steps from copy to copy.
struct GradientPlan {
  Walk<4> elements;
  Walk<3> copies;  // input, target, g_y
  unsigned element_count, copy_count;
  /// 2 or 2 / count, with the sign of the operand.
  float factor;
};

/// kGroup threads per element: 1, 32 or the whole block.
template <class Scalar, int kGroup>
__global__ void __launch_bounds__(kThreads)
    summed_gradients(const Scalar* __restrict__ input, const Scalar* __restrict__ target, const Scalar* __restrict__ g,
                     Scalar* __restrict__ gradient, GradientPlan plan) {
  const unsigned element = (blockIdx.x * kThreads + threadIdx.x) / kGroup;
  if (element >= plan.element_count) return;  // whole groups
  std::int64_t at[4];
  plan.elements.offsets(element, at);
  float sums[kInFlight] = {};
  for (unsigned copy = threadIdx.x % kGroup; copy < plan.copy_count; copy += kInFlight * kGroup)
#pragma unroll
    for (int k = 0; k < kInFlight; ++k)
      if (copy + k * kGroup < plan.copy_count) {
        std::int64_t step[3];
        plan.copies.offsets(copy + k * kGroup, step);
        const float difference = to_float(input[at[1] + step[0]]) - to_float(target[at[2] + step[1]]);
        sums[k] = fmaf(difference, to_float(g[at[3] + step[2]]) * plan.factor, sums[k]);
      }
  float total = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  if constexpr (kGroup == 32) total = warp_sum(total);
  if constexpr (kGroup == kThreads) total = block_sum(total);
  if (threadIdx.x % kGroup == 0) gradient[at[0]] = from_float<Scalar>(total);
}

template <class Scalar, int kGroup>
Launch launch_gradient(const GradientPlan& plan, const Tensors& tensors, const TensorView& gradient, Device& device) {
  const std::int64_t blocks = (std::int64_t{plan.element_count} * kGroup + kThreads - 1) / kThreads;
  return [=, input = tensors.inputs[0].as<const Scalar>(), target = tensors.inputs[1].as<const Scalar>(),
          g = tensors.inputs[2].as<const Scalar>(), to = gradient.as<Scalar>(), stream = device.stream()] {
    launch(summed_gradients<Scalar, kGroup>, {blocks, kThreads}, stream, input, target, g, to, plan);
  };
}

template <class Scalar>
Launch prepare_gradient(const MseLoss& op, const Tensors& tensors, const TensorView& gradient, float factor,
                        Device& device) {
  if (gradient.count() == 0) return [] {};
  const auto strides = [&](const TensorView& view) { return broadcast_view(view, op.full).strides; };
  const Strides of_gradient = strides(gradient);
  const std::vector<MergedAxis> axes = merge_axes(
      op.full, {of_gradient, strides(tensors.inputs[0]), strides(tensors.inputs[1]), strides(tensors.inputs[2])});
  std::vector<MergedAxis> kept, summed;
  for (const MergedAxis& axis : axes) (axis.strides[0] == 0 ? summed : kept).push_back(axis);
  const GradientPlan plan{.elements = make_walk<4>(kept, 1),
                          .copies = make_walk<3>(summed, 1, 1),
                          .element_count = static_cast<unsigned>(count_of(kept)),
                          .copy_count = static_cast<unsigned>(count_of(summed)),
                          .factor = factor};
  constexpr unsigned kForAWarp = 8, kForABlock = 2048;
  if (plan.copy_count < kForAWarp) return launch_gradient<Scalar, 1>(plan, tensors, gradient, device);
  if (plan.copy_count < kForABlock) return launch_gradient<Scalar, 32>(plan, tensors, gradient, device);
  return launch_gradient<Scalar, kThreads>(plan, tensors, gradient, device);
}

}  // namespace

Launch mse_loss_forward_broadcast_walk(const Problem& problem, const Tensors& tensors, Device& device) {
  const MseLoss op(problem);
  if (op.count == 0) return [] {};
  const TensorView input = broadcast_view(tensors.inputs[0], op.full),
                   target = broadcast_view(tensors.inputs[1], op.full);
  const auto axes = merge_axes(op.full, {tensors.outputs[0].strides, input.strides, target.strides});
  return with_scalar(problem.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    const std::int64_t blocks = (op.count + kThreads * kInFlight - 1) / (kThreads * kInFlight);
    return [=, walk = make_walk<3>(axes, 1), y = tensors.outputs[0].as<Scalar>(), stream = device.stream()] {
      launch(squares<Scalar>, {blocks, kThreads}, stream, input.template as<const Scalar>(),
             target.template as<const Scalar>(), y, walk, static_cast<unsigned>(op.count));
    };
  });
}

Launch mse_loss_backward_broadcast_walk(const Problem& problem, const Tensors& tensors, Device& device) {
  const MseLoss op(problem);
  return with_scalar(problem.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    const auto factor = static_cast<float>(2 / op.divisor());
    const Launch of_input = prepare_gradient<Scalar>(op, tensors, tensors.outputs[0], factor, device);
    const Launch of_target = prepare_gradient<Scalar>(op, tensors, tensors.outputs[1], -factor, device);
    return [of_input, of_target] {
      of_input();
      of_target();
    };
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
