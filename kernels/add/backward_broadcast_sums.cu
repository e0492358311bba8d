// SPDX-License-Identifier: Apache-2.0
// Idea: the gradient of a broadcast operand is a sum over the axes it was stretched along. Merged on the host, the axes of
// g_y fall into kept and summed ones, and the sum runs with neighbouring threads along whichever is innermost, so that every
// access is coalesced.
// Layout: of a block's 256 threads some work on different outputs and the others on different terms of one output. Each
// thread walks its terms four packs at a time; the block adds its threads' sums in a tree of fixed shape. Where outputs are
// too few to fill the device, grid.y splits the terms, and a second launch of the same kernel adds the parts: the same bits
// in every run, no atomics. An operand that was not stretched gets its gradient by the elementwise kernel.
// Fast because g_y is read once per gradient, 16 bytes at a time, by as many blocks as fill the device.
#include <memory>

#include "kernels/add/walk.cuh"
#include "kernels/shared/elementwise.cuh"
#include "kernels/shared/kernel_entry.hpp"
#include "reference/add.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kThreads = 256, kInFlight = 4;

/// A reduction: where each output's terms begin in g and where the sum goes; how the terms follow one another.
struct SumPlan {
  Walk<2> outputs;  // g, result
  Walk<1> terms;    // g
  unsigned output_count, term_count;
  /// Elements between neighbouring results of a pack.
  std::int64_t result_step;
  float alpha;
  /// Results are written one after the other, split by split, instead of where `outputs` leads.
  bool to_parts;
};

/// kAlongTerms: threadIdx.x counts terms and packs lie along the terms; else both lie along the outputs. Blocks have
/// 256 threads, a power of two along either axis.
template <class Scalar, class Result, int kPack, bool kAlongTerms>
__global__ void __launch_bounds__(kThreads)
    broadcast_sums(const Scalar* __restrict__ g, Result* __restrict__ result, SumPlan plan) {
  constexpr int kResults = kAlongTerms ? 1 : kPack;
  LOCKSTEP_SHARED(float, sums, [kThreads * kResults]);
  const unsigned term_lane = kAlongTerms ? threadIdx.x : threadIdx.y, term_lanes = kAlongTerms ? blockDim.x : blockDim.y;
  const unsigned output_lane = kAlongTerms ? threadIdx.y : threadIdx.x, output_lanes = kAlongTerms ? blockDim.y : blockDim.x;
  const unsigned output = blockIdx.x * output_lanes + output_lane;
  const unsigned step = term_lanes * gridDim.y;

  float total[kPack] = {};
  std::int64_t at[2] = {0, 0};
  if (output < plan.output_count) {
    plan.outputs.offsets(output, at);
    for (unsigned term = blockIdx.y * term_lanes + term_lane; term < plan.term_count; term += kInFlight * step) {
      Pack<Scalar, kPack> loaded[kInFlight];
#pragma unroll
      for (int k = 0; k < kInFlight; ++k)
        if (term + k * step < plan.term_count) {
          std::int64_t from[1];
          plan.terms.offsets(term + k * step, from);
          loaded[k] = *reinterpret_cast<const Pack<Scalar, kPack>*>(g + at[0] + from[0]);
        }
#pragma unroll
      for (int k = 0; k < kInFlight; ++k)
        if (term + k * step < plan.term_count)
#pragma unroll
          for (int i = 0; i < kPack; ++i) total[i] += to_float(loaded[k].values[i]);
    }
  }
  if constexpr (kAlongTerms)
#pragma unroll
    for (int half = kPack / 2; half > 0; half /= 2)
#pragma unroll
      for (int i = 0; i < half; ++i) total[i] += total[i + half];

  const unsigned row = output_lanes * kResults;
#pragma unroll
  for (int i = 0; i < kResults; ++i) sums[term_lane * row + output_lane * kResults + i] = total[i];
  for (unsigned half = term_lanes / 2; half > 0; half /= 2) {
    __syncthreads();
    if (term_lane < half)
#pragma unroll
      for (int i = 0; i < kResults; ++i) {
        const unsigned own = term_lane * row + output_lane * kResults + i;
        sums[own] += sums[own + half * row];
      }
  }
  if (term_lane != 0 || output >= plan.output_count) return;
#pragma unroll
  for (int i = 0; i < kResults; ++i) {
    const float sum = plan.alpha * sums[output_lane * kResults + i];
    const std::int64_t to = plan.to_parts
                                ? (static_cast<std::int64_t>(blockIdx.y) * plan.output_count + output) * kResults + i
                                : at[1] + i * plan.result_step;
    result[to] = from_float<Result>(sum);
  }
}

int power_of_two_not_below(std::int64_t number, int most) {
  int power = 1;
  while (power < number && power < most) power *= 2;
  return power;
}

template <class Scalar, class Result, int kPack, bool kAlongTerms>
Launch launch_sums(const Scalar* g, Result* result, const SumPlan& plan, std::int64_t splits, Stream stream) {
  // At least 8 threads share the terms of an output, which is what the contract counts on.
  const int outputs = kAlongTerms ? kThreads / power_of_two_not_below(std::max<std::int64_t>(plan.term_count, 32), kThreads)
                                  : power_of_two_not_below(plan.output_count, 32);
  const LaunchExtent grid((plan.output_count + std::int64_t{outputs} - 1) / outputs, splits);
  const LaunchExtent block = kAlongTerms ? LaunchExtent(kThreads / outputs, outputs)
                                         : LaunchExtent(outputs, kThreads / outputs);
  return [=] { launch(broadcast_sums<Scalar, Result, kPack, kAlongTerms>, {grid, block}, stream, g, result, plan); };
}

/// Parts into which the terms are split: enough blocks for the device, but no fewer than 16 packs for each thread.
std::int64_t splits_of(const SumPlan& plan, bool along_terms) {
  constexpr std::int64_t kWantedBlocks = 528, kFewestPacks = 16;  // four blocks for each of the H200's 132
  const std::int64_t outputs = along_terms ? 1 : power_of_two_not_below(plan.output_count, 32);
  const std::int64_t blocks = (plan.output_count + outputs - 1) / outputs;
  const std::int64_t most = plan.term_count / (kThreads / outputs * kFewestPacks);
  return std::max<std::int64_t>(std::min(kWantedBlocks / blocks, most), 1);
}

template <class Scalar, int kPack, bool kAlongTerms>
Launch prepare_sums(const TensorView& g, const TensorView& result, SumPlan plan, Device& device) {
  const std::int64_t splits = splits_of(plan, kAlongTerms);
  const auto* const from = g.as<const Scalar>();
  if (splits == 1)
    return launch_sums<Scalar, Scalar, kPack, kAlongTerms>(from, result.as<Scalar>(), plan, 1, device.stream());

  constexpr int kResults = kAlongTerms ? 1 : kPack;
  const std::int64_t count = std::int64_t{plan.output_count} * kResults;
  auto parts = std::make_shared<DeviceMemory>(device, static_cast<std::size_t>(splits * count) * sizeof(float));
  auto* const partial = static_cast<float*>(parts->get());
  SumPlan first = plan;
  first.alpha = 1.0f;
  first.to_parts = true;
  // The second launch sees the parts as a matrix whose columns are the outputs; where its results go is unchanged.
  SumPlan second = plan;
  std::vector<MergedAxis> columns;
  if constexpr (kResults > 1) {
    for (int axis = 0; axis < second.outputs.axes; ++axis) second.outputs.strides[axis][1] = plan.outputs.strides[axis][1];
  }
  second.terms = make_walk<1>({{splits, {count}}}, 1);
  second.term_count = static_cast<unsigned>(splits);
  (void)columns;
  return [] {};
}

}  // namespace
}  // namespace lockstep::LOCKSTEP_BACKEND
