// SPDX-License-Identifier: Apache-2.0
// Idea: where neighbouring elements belong to neighbouring means (channels innermost), a thread divides its gradients once
// and stores the same 16 bytes down the terms.
// Layout: d_x as [outer, terms, inner]; blocks as those of the forward: 256 threads as [row_threads, lanes], grid
// [column blocks x outer, parts of the terms].
// Fast because: nothing but coalesced 16-byte stores in the loop.
#include "kernels/mean/plan.hpp"
#include "kernels/shared/divisor.cuh"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/scalar.cuh"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kThreads = 256;

template <class Scalar, int kPack>
__global__ void __launch_bounds__(kThreads)
    spread_in_stripes(const Scalar* __restrict__ g, Scalar* __restrict__ d_x, MeanStripes shape, StripeShape split,
                      std::int64_t part_terms, Divisor divisor) {
  using Packed = Pack<Scalar, kPack>;
  const int thread = static_cast<int>(threadIdx.x), lane = thread % split.lanes, row_thread = thread / split.lanes;
  const std::int64_t outer = blockIdx.x / split.column_blocks;
  const std::int64_t column = ((blockIdx.x % split.column_blocks) * split.lanes + lane) * kPack;
  if (column >= shape.inner) return;
  Packed value = *reinterpret_cast<const Packed*>(g + outer * shape.y_outer + column);
#pragma unroll
  for (int i = 0; i < kPack; ++i) value.values[i] = from_float<Scalar>(divided(to_float(value.values[i]), divisor));
  const std::int64_t first = blockIdx.y * part_terms;
  const std::int64_t last = first + part_terms < shape.terms ? first + part_terms : shape.terms;
  Scalar* const top = d_x + outer * shape.x_outer + column;
#pragma unroll 4
  for (std::int64_t term = first + row_thread; term < last; term += split.row_threads)
    *reinterpret_cast<Packed*>(top + term * shape.x_term) = value;
}

template <class Scalar, int kPack>
Launch launch_of(const MeanStripes& shape, const Tensors& tensors, Device& device) {
  const StripeShape split = stripe_shape(shape, kPack);
  const std::int64_t part_terms = (shape.terms + split.parts - 1) / split.parts;
  const auto* const g = tensors.inputs[0].as<const Scalar>();
  auto* const d_x = tensors.outputs[0].as<Scalar>();
  return [=, divisor = Divisor(shape.terms), stream = device.stream()] {
    const LaunchExtent grid(split.column_blocks * shape.outer, split.parts);
    launch(spread_in_stripes<Scalar, kPack>, {grid, kThreads, 0}, stream, g, d_x, shape, split, part_terms, divisor);
  };
}

}  // namespace

Launch mean_backward_spread_in_stripes(const Problem& problem, const Tensors& tensors, Device& device) {
  const Mean op(problem);
  if (element_count(op.shape) == 0) return [] {};
  const MeanStripes shape = *as_stripes(plan_mean(op, tensors.outputs[0].strides, tensors.inputs[0].strides));
  return with_scalar(problem.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    constexpr int kPack = kFullPack<Scalar>;
    if (stripes_take_packs(shape, kPack) && tensors.inputs[0].is_aligned(16) && tensors.outputs[0].is_aligned(16))
      return launch_of<Scalar, kPack>(shape, tensors, device);
    return launch_of<Scalar, 1>(shape, tensors, device);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
