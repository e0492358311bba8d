// SPDX-License-Identifier: Apache-2.0
// Idea: where neighbouring means lie in neighbouring elements (channels innermost, tokens before features), lanes lie along
// them and walk down the terms; no term is ever touched across a row.
// Layout: x as [outer, terms, inner]. 256 threads as [row_threads, lanes]; a lane owns 16 bytes of neighbouring means (one
// mean where vectors do not fit), a row thread every row_threads-th term. grid [column blocks x outer, parts of the sum].
// Fast because: coalesced 16-byte loads, four in flight per thread and as many sums side by side; the row threads' sums meet
// in shared memory as a tree. Split sums are finished by a second launch in fixed order: deterministic.
#include <memory>

#include "kernels/mean/combine_parts.cuh"
#include "kernels/mean/plan.hpp"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kThreads = 256;
constexpr int kFlight = kStripeSums;

struct StripeParts {
  int lanes, row_threads, parts;
  std::int64_t column_blocks, part_terms;
};

template <class Scalar, int kPack>
__global__ void __launch_bounds__(kThreads)
    stripes(const Scalar* __restrict__ x, Scalar* __restrict__ y, float* __restrict__ sums, MeanStripes shape,
            StripeParts split, Divisor divisor) {
  using Packed = Pack<Scalar, kPack>;
  LOCKSTEP_SHARED(float, stage, [kThreads * kPack]);
  const int thread = static_cast<int>(threadIdx.x), lane = thread % split.lanes, row_thread = thread / split.lanes;
  const std::int64_t outer = blockIdx.x / split.column_blocks;
  const std::int64_t column = ((blockIdx.x % split.column_blocks) * split.lanes + lane) * kPack;
  const std::int64_t first = blockIdx.y * split.part_terms;
  const std::int64_t last = first + split.part_terms < shape.terms ? first + split.part_terms : shape.terms;
  const bool has_column = column < shape.inner;  // whole packs: kPack divides inner

  float held[kFlight][kPack] = {};
  if (has_column) {
    const Scalar* const top = x + outer * shape.x_outer + column;
    const auto load = [&](std::int64_t term) { return *reinterpret_cast<const Packed*>(top + term * shape.x_term); };
    std::int64_t term = first + row_thread;
    for (; term + (kFlight - 1) * split.row_threads < last; term += kFlight * split.row_threads) {
      Packed packs[kFlight];
#pragma unroll
      for (int k = 0; k < kFlight; ++k) packs[k] = load(term + k * split.row_threads);
#pragma unroll
      for (int k = 0; k < kFlight; ++k)
#pragma unroll
        for (int i = 0; i < kPack; ++i) held[k][i] += to_float(packs[k].values[i]);
    }
#pragma unroll
    for (int k = 0; k < kFlight; ++k)
      if (term + k * split.row_threads < last) {
        const Packed pack = load(term + k * split.row_threads);
#pragma unroll
        for (int i = 0; i < kPack; ++i) held[k][i] += to_float(pack.values[i]);
      }
  }
  float* const own = stage + thread * kPack;
#pragma unroll
  for (int i = 0; i < kPack; ++i) own[i] = (held[0][i] + held[1][i]) + (held[2][i] + held[3][i]);
  for (int half = split.row_threads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (row_thread < half)
#pragma unroll
      for (int i = 0; i < kPack; ++i) own[i] += own[half * split.lanes * kPack + i];
  }
  if (row_thread != 0 || !has_column) return;
  if (split.parts > 1) {
#pragma unroll
    for (int i = 0; i < kPack; ++i) sums[(outer * shape.inner + column + i) * split.parts + blockIdx.y] = own[i];
    return;
  }
  Packed out;
#pragma unroll
  for (int i = 0; i < kPack; ++i) out.values[i] = from_float<Scalar>(divided(own[i], divisor));
  *reinterpret_cast<Packed*>(y + outer * shape.y_outer + column) = out;
}

template <class Scalar, int kPack>
Launch launch_of(const MeanStripes& shape, const Tensors& tensors, Device& device) {
  const TensorView x = tensors.inputs[0], y = tensors.outputs[0];
  const StripeShape planned = stripe_shape(shape, kPack);
  const StripeParts split{.lanes = planned.lanes,
                          .row_threads = planned.row_threads,
                          .parts = static_cast<int>(planned.parts),
                          .column_blocks = planned.column_blocks,
                          .part_terms = (shape.terms + planned.parts - 1) / planned.parts};
  const std::int64_t outputs = shape.outer * shape.inner;
  const auto sums = std::make_shared<DeviceMemory>(
      device, planned.parts > 1 ? static_cast<std::size_t>(outputs * planned.parts) * sizeof(float) : 1);
  const Divisor divisor(shape.terms);
  return [=, stream = device.stream()] {
    auto* const partial = static_cast<float*>(sums->get());
    const LaunchExtent grid(split.column_blocks * shape.outer, split.parts);
    launch(stripes<Scalar, kPack>, {grid, kThreads, 0}, stream, x.as<const Scalar>(), y.as<Scalar>(), partial, shape,
           split, divisor);
    if (split.parts > 1)
      launch(combine_parts<Scalar>, combine_shape(outputs, split.parts), stream, partial, split.parts, y.as<Scalar>(),
             outputs, shape.inner, shape.y_outer, divisor);
  };
}

}  // namespace

Launch mean_forward_stripes(const Problem& problem, const Tensors& tensors, Device& device) {
  const Mean op(problem);
  if (op.outputs == 0) return [] {};
  const MeanStripes shape = *as_stripes(plan_mean(op, tensors.inputs[0].strides, tensors.outputs[0].strides));
  return with_scalar(problem.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    constexpr int kPack = kFullPack<Scalar>;
    if (stripes_take_packs(shape, kPack) && tensors.inputs[0].is_aligned(16) && tensors.outputs[0].is_aligned(16))
      return launch_of<Scalar, kPack>(shape, tensors, device);
    return launch_of<Scalar, 1>(shape, tensors, device);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
