// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "kernels/cross_entropy/forward_rows.cuh"

// The backward of every team: the probabilities are computed again from the logits, which costs arithmetic but no memory,
// and the gradients leave in the same pass. What all rows share (g_y / D, the sum of the class weights) comes from a launch
// or two before it.
namespace lockstep::LOCKSTEP_BACKEND {

/// Floats on the device that all rows share.
struct SharedFactors {
  float scale;       // g_y for the sum, g_y / D for the mean
  float weight_sum;  // of the classes
};

/// parts[block] = the weights of the targets of its rows that are kept.
template <class Scalar>
__global__ void __launch_bounds__(kPartThreads)
    weights_of_targets(Targets<Scalar> targets, std::int64_t rows, float* __restrict__ parts) {
  float sum = 0.0f;
  for (std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * kPartThreads + threadIdx.x; row < rows;
       row += static_cast<std::int64_t>(gridDim.x) * kPartThreads)
    if (targets.is_kept(row)) sum += targets.weight_of(targets.classes[row]);
  sum = block_sum(sum);
  if (threadIdx.x == 0) parts[blockIdx.x] = sum;
}

/// One block makes the shared factors. `parts` null: divides by the rows.
template <class Scalar>
__global__ void __launch_bounds__(kPartThreads)
    make_factors(const Scalar* __restrict__ g, const float* __restrict__ parts, int blocks, bool divides, Divisor rows,
                 const Scalar* __restrict__ weight, int classes, SharedFactors* __restrict__ factors) {
  float kept = 0.0f, weights = 0.0f;
  if (parts)
    for (int part = static_cast<int>(threadIdx.x); part < blocks; part += kPartThreads) kept += parts[part];
  if (weight)
    for (int c = static_cast<int>(threadIdx.x); c < classes; c += kPartThreads) weights += to_float(weight[c]);
  kept = block_sum(kept);
  weights = block_sum(weights);
  if (threadIdx.x != 0) return;
  const float given = to_float(*g);
  factors->scale = !divides ? given : parts ? given / kept : divided(given, rows);
  factors->weight_sum = weights;
}

/// Sum over the classes of q, for a row that is kept.
template <class Scalar, class Team, int kPack, int kPacks>
__device__ __forceinline__ float share_sum(const LogitRow<Scalar, Team, kPack, kPacks>& logits,
                                           const Targets<Scalar>& targets, std::int64_t target, float weight_sum) {
  if (targets.classes) {
    if (!targets.weight) return 1.0f;
    const float own = targets.weight_of(target);
    return targets.settings.smooths ? targets.settings.kept_share * own + targets.settings.even_share * weight_sum
                                    : own;
  }
  float sum = 0.0f;
  logits.each_pack([&](int c, const float(&)[kPack]) {
    const auto given = load_probabilities<kPack>(targets.probabilities + logits.offset(c));
#pragma unroll
    for (int i = 0; i < kPack; ++i) sum += targets.share(c + i, to_float(given.values[i]));
  });
  return Team::sum(sum);
}

/// Blocks walk over rows. `g` (null: factors->scale serves all rows) has a gradient for each; `d_target` is null for class
/// targets.
template <class Scalar, class Team, int kPack, int kPacks, int kMostThreads>
__global__ void __launch_bounds__(kMostThreads)
    gradients_of_rows(const Scalar* __restrict__ input, Targets<Scalar> targets, GroupLayout layout,
                      const Scalar* __restrict__ g, const SharedFactors* __restrict__ factors,
                      Scalar* __restrict__ d_input, Scalar* __restrict__ d_target) {
  using Packed = Pack<Scalar, kPack>;
  const std::int64_t step = gridDim.x * Team::rows_per_block();
  // All threads of a block make as many rounds.
  for (std::int64_t first = blockIdx.x * Team::rows_per_block(); first < layout.groups; first += step) {
    const std::int64_t row = first + Team::row_in_block();
    const bool is_kept = row < layout.groups && targets.is_kept(row);
    const std::int64_t target = is_kept && targets.classes ? targets.classes[row] : 0;
    const LogitRow<Scalar, Team, kPack, kPacks> logits(input, layout, row);
    const float total = share_sum(logits, targets, target, factors->weight_sum);
    const float scale = g && row < layout.groups ? to_float(g[row]) : factors->scale;
    const TargetSettings& settings = targets.settings;
    // With a class and no smoothing q is w_t at one class: its factor goes with the scale.
    const bool is_single = targets.classes && !settings.smooths;
    const float row_scale = is_single ? targets.weighted(target, scale) : scale;

    logits.each_pack([&](int c, const float(&values)[kPack]) {
      Packed out, out_target{};
      const auto given =
          targets.classes ? Packed{} : load_probabilities<kPack>(targets.probabilities + logits.offset(c));
#pragma unroll
      for (int i = 0; i < kPack; ++i) {
        const float probability = logits.probability(values[i]);
        float gradient = 0.0f;
        if (!is_kept)
          gradient = 0.0f * probability;  // NaN for a row that has no softmax, as in PyTorch
        else if (is_single)
          gradient = row_scale * (c + i == target ? probability - 1.0f : probability);
        else if (targets.classes)
          gradient = row_scale * (probability * total - targets.share_of_class(c + i, target));
        else
          gradient = row_scale * (probability * total - targets.share(c + i, to_float(given.values[i])));
        out.values[i] = from_float<Scalar>(gradient);
        if (d_target) {
          const float surprise = targets.weighted(c + i, logits.surprise(values[i]));
          out_target.values[i] =
              from_float<Scalar>(scale * (settings.smooths ? settings.kept_share * surprise : surprise));
        }
      }
      *reinterpret_cast<Packed*>(d_input + logits.offset(c)) = out;
      if (d_target) *reinterpret_cast<Packed*>(d_target + logits.offset(c)) = out_target;
    });
  }
}

/// Plans the launches that make the shared factors.
template <class Scalar>
Launch prepare_factors(const CrossEntropy& op, const Tensors& tensors, SharedFactors* factors, Device& device) {
  const bool divides = op.reduction == Reduction::mean, counts_targets = divides && !op.has_probabilities;
  const RowGrid grid = target_grid(op.rows());
  const auto parts = std::make_shared<DeviceMemory>(device, static_cast<std::size_t>(grid.blocks) * sizeof(float));
  return [=, targets = targets_of<Scalar>(op, tensors), g = tensors.inputs[op.gradient_input()].as<const Scalar>(),
          rows = op.rows(), classes = static_cast<int>(op.classes), stream = device.stream()] {
    auto* const sums = static_cast<float*>(parts->get());
    if (counts_targets) launch(weights_of_targets<Scalar>, {grid.blocks, kPartThreads}, stream, targets, rows, sums);
    launch(make_factors<Scalar>, {1, kPartThreads}, stream, g, counts_targets ? sums : nullptr,
           static_cast<int>(grid.blocks), divides, Divisor(rows), targets.weight, classes, factors);
  };
}

template <class Scalar, class Team, int kPack, int kPacks, int kMostThreads>
Launch launch_gradients(const CrossEntropy& op, const Tensors& tensors, const RowGrid& grid, const LaunchExtent& block,
                        Device& device) {
  if (element_count(op.input) == 0) return [] {};
  const auto memory = std::make_shared<DeviceMemory>(device, sizeof(SharedFactors));
  auto* const factors = static_cast<SharedFactors*>(memory->get());
  const Launch before = prepare_factors<Scalar>(op, tensors, factors, device);
  return [=, layout = rows_of(op, tensors.inputs[0]), input = tensors.inputs[0].as<const Scalar>(),
          targets = targets_of<Scalar>(op, tensors),
          g = op.reduction == Reduction::none ? tensors.inputs[op.gradient_input()].as<const Scalar>() : nullptr,
          d_input = tensors.outputs[0].as<Scalar>(),
          d_target = op.has_probabilities ? tensors.outputs[1].as<Scalar>() : nullptr, stream = device.stream()] {
    before();
    launch(gradients_of_rows<Scalar, Team, kPack, kPacks, kMostThreads>, {LaunchExtent(grid.blocks), block}, stream,
           input, targets, layout, g, static_cast<const SharedFactors*>(memory->get()), d_input, d_target);
  };
}

/// Whether packs of `pack` elements tile the rows of every tensor of logits.
inline bool all_take_packs(const CrossEntropy& op, const Tensors& tensors, int pack) {
  const GroupLayout layout = rows_of(op, tensors.inputs[0]);
  bool packed = layout.rows_take_packs(tensors.inputs[0], pack);
  if (op.has_probabilities) packed = packed && layout.rows_take_packs(tensors.inputs[1], pack);
  for (const TensorView& output : tensors.outputs) packed = packed && layout.rows_take_packs(output, pack);
  return packed;
}

}  // namespace lockstep::LOCKSTEP_BACKEND
