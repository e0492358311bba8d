// SPDX-License-Identifier: Apache-2.0
// Idea: the gradient of a broadcast operand is a sum over the axes it was stretched along. Merged on the host, the axes
// of g_y fall into kept and summed ones, and the sum runs with neighbouring threads along whichever is innermost, so
// that every access is coalesced.
// Layout: of a block's 256 threads some work on different outputs and the others on different terms of one output. Each
// thread walks its terms four packs at a time; the block adds its threads' sums in a tree of fixed shape. Where outputs
// are too few to fill the device, grid.y splits the terms, and a second launch of the same kernel adds the parts: the
// same bits in every run, no atomics. An operand that was not stretched gets its gradient by the elementwise kernel.
// Fast because g_y is read once per gradient, 16 bytes at a time, by as many blocks as fill the device.
#include <memory>

#include "kernels/shared/elementwise.cuh"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/walk.cuh"
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
  const unsigned term_lane = kAlongTerms ? threadIdx.x : threadIdx.y,
                 term_lanes = kAlongTerms ? blockDim.x : blockDim.y;
  const unsigned output_lane = kAlongTerms ? threadIdx.y : threadIdx.x,
                 output_lanes = kAlongTerms ? blockDim.y : blockDim.x;
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

/// Outputs that a block works on: along the terms as few as its threads find terms for; else 32, so that at least 8
/// threads share the terms of an output, which is what the contract counts on.
template <bool kAlongTerms>
int outputs_of_block(const SumPlan& plan) {
  if (!kAlongTerms) return power_of_two_not_below(plan.output_count, 32);
  return kThreads / power_of_two_not_below(std::max(plan.term_count, 32u), kThreads);
}

/// Parts into which the terms are split: enough blocks for the device, but no fewer than 16 packs for each thread.
template <bool kAlongTerms>
std::int64_t splits_of(const SumPlan& plan) {
  constexpr std::int64_t kWantedBlocks = 528, kFewestPacks = 16;  // four blocks for each of the H200's 132
  const int outputs = outputs_of_block<kAlongTerms>(plan);
  const std::int64_t blocks = (plan.output_count + std::int64_t{outputs} - 1) / outputs;
  return std::max<std::int64_t>(std::min(kWantedBlocks / blocks, plan.term_count / (kThreads / outputs * kFewestPacks)),
                                1);
}

template <class Scalar, class Result, int kPack, bool kAlongTerms>
Launch launch_sums(const Scalar* g, Result* result, const SumPlan& plan, std::int64_t splits, Stream stream) {
  const int outputs = outputs_of_block<kAlongTerms>(plan);
  const LaunchExtent grid((plan.output_count + std::int64_t{outputs} - 1) / outputs, splits);
  const LaunchExtent block =
      kAlongTerms ? LaunchExtent(kThreads / outputs, outputs) : LaunchExtent(outputs, kThreads / outputs);
  return [=] { launch(broadcast_sums<Scalar, Result, kPack, kAlongTerms>, {grid, block}, stream, g, result, plan); };
}

/// Merged axes of (g, result), divided into those that the result keeps and those along which it is a sum.
struct DividedAxes {
  std::vector<MergedAxis> kept, summed;
  bool along_terms = false;

  explicit DividedAxes(const std::vector<MergedAxis>& axes) {
    for (const MergedAxis& axis : axes) (axis.strides[1] == 0 ? summed : kept).push_back(axis);
    along_terms = !axes.empty() && axes.back().strides[1] == 0;
  }
};

/// The plan of the second launch: the parts are a matrix [splits, results], whose columns go where the results belong.
SumPlan plan_of_parts(std::vector<MergedAxis> kept, std::int64_t splits, float alpha) {
  std::int64_t count = 1;
  for (std::size_t axis = kept.size(); axis-- > 0;) {
    kept[axis].strides[0] = count;
    count *= kept[axis].extent;
  }
  return {.outputs = make_walk<2>(kept, 1),
          .terms = make_walk<1>({{splits, {count}}}, 1),
          .output_count = static_cast<unsigned>(count),
          .term_count = static_cast<unsigned>(splits),
          .result_step = 1,
          .alpha = alpha,
          .to_parts = false};
}

template <class Scalar, int kPack, bool kAlongTerms>
Launch prepare_sums(const DividedAxes& axes, const TensorView& g, const TensorView& result, float alpha,
                    Device& device) {
  const int output_pack = kAlongTerms ? 1 : kPack, term_pack = kAlongTerms ? kPack : 1;
  const std::int64_t results = count_of(axes.kept);
  SumPlan plan{.outputs = make_walk<2>(axes.kept, output_pack),
               .terms = make_walk<1>(axes.summed, term_pack),
               .output_count = static_cast<unsigned>(results / output_pack),
               .term_count = static_cast<unsigned>(count_of(axes.summed) / term_pack),
               .result_step = axes.kept.empty() ? 1 : axes.kept.back().strides[1],
               .alpha = alpha,
               .to_parts = false};
  const std::int64_t splits = splits_of<kAlongTerms>(plan);
  const auto* const from = g.as<const Scalar>();
  auto* const to = result.as<Scalar>();
  const Stream stream = device.stream();
  if (splits == 1) return launch_sums<Scalar, Scalar, kPack, kAlongTerms>(from, to, plan, 1, stream);

  auto parts = std::make_shared<DeviceMemory>(device, static_cast<std::size_t>(splits * results) * sizeof(float));
  auto* const partial = static_cast<float*>(parts->get());
  plan.alpha = 1.0f;
  plan.to_parts = true;
  const Launch first = launch_sums<Scalar, float, kPack, kAlongTerms>(from, partial, plan, splits, stream);
  const Launch second =
      launch_sums<float, Scalar, 1, false>(partial, to, plan_of_parts(axes.kept, splits, alpha), 1, stream);
  return [first, second, parts] {
    first();
    second();
  };
}

struct Scaled {
  float alpha;
  __device__ __forceinline__ void operator()(const float (&g)[1], float (&result)[1]) const {
    result[0] = alpha * g[0];
  }
};

/// The gradient of one operand: alpha times the sum of its copies' gradients.
template <class Scalar>
Launch prepare_gradient(const TensorView& g, const TensorView& result, float alpha, Device& device) {
  if (result.count() == 0) return [] {};
  const TensorView stretched = broadcast_view(result, g.shape);
  const DividedAxes axes(merge_axes(g.shape, {g.strides, stretched.strides}));
  if (axes.summed.empty()) {
    const Launch copy = elementwise_launch_if_rows<Scalar, 1, 1>(Scaled{alpha}, {g}, {stretched}, device);
    if (copy) return copy;
  }
  constexpr int kPack = kFullPack<Scalar>;
  // An empty g leaves nothing to align; its sums are zeros.
  const bool packed = takes_packs(merge_axes(g.shape, {g.strides, stretched.strides}), 0, g, kPack);
  if (axes.along_terms)
    return packed ? prepare_sums<Scalar, kPack, true>(axes, g, result, alpha, device)
                  : prepare_sums<Scalar, 1, true>(axes, g, result, alpha, device);
  return packed ? prepare_sums<Scalar, kPack, false>(axes, g, result, alpha, device)
                : prepare_sums<Scalar, 1, false>(axes, g, result, alpha, device);
}

}  // namespace

Launch add_backward_broadcast_sums(const Problem& problem, const Tensors& tensors, Device& device) {
  const Add op(problem);
  return with_scalar(problem.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    const TensorView& g = tensors.inputs[0];
    const Launch of_a = prepare_gradient<Scalar>(g, tensors.outputs[0], 1.0f, device);
    const Launch of_b = prepare_gradient<Scalar>(g, tensors.outputs[1], static_cast<float>(op.alpha), device);
    return [of_a, of_b] {
      of_a();
      of_b();
    };
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
