// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "kernels/cross_entropy/row_reader.cuh"
#include "kernels/shared/kernel_entry.hpp"

// The forward of every team: one pass over the logits gives a row's maximum, sum and loss; without a reduction losses are
// written, else blocks leave the sums over their rows, and a second launch of one block adds those: the same bits in every
// run, no atomics.
namespace lockstep::LOCKSTEP_BACKEND {

/// Neighbouring probabilities of a row.
template <int kPack, class Scalar>
__device__ __forceinline__ Pack<Scalar, kPack> load_probabilities(const Scalar* from) {
  return *reinterpret_cast<const Pack<Scalar, kPack>*>(from);
}

/// y of the row, known to every member of its team.
template <class Scalar, class Team, int kPack, int kPacks>
__device__ __forceinline__ float row_loss(const LogitRow<Scalar, Team, kPack, kPacks>& logits,
                                          const Targets<Scalar>& targets, bool is_kept, std::int64_t target) {
  float all = 0.0f;
  if (!targets.classes) {
    logits.each_pack([&](int c, const float(&values)[kPack]) {
      const auto given = load_probabilities<kPack>(targets.probabilities + logits.offset(c));
#pragma unroll
      for (int i = 0; i < kPack; ++i)
        all = fmaf(targets.share(c + i, to_float(given.values[i])), logits.surprise(values[i]), all);
    });
    return Team::sum(all);
  }
  const TargetSettings& settings = targets.settings;
  if (settings.smooths) {
    logits.each_pack([&](int c, const float(&values)[kPack]) {
#pragma unroll
      for (int i = 0; i < kPack; ++i) all += targets.weighted(c + i, logits.surprise(values[i]));
    });
    all = Team::sum(all);
  }
  if (!is_kept) return 0.0f;
  const float own = targets.weighted(target, logits.surprise(logits.logit(target)));
  return settings.smooths ? settings.kept_share * own + settings.even_share * all : own;
}

/// Blocks walk over rows. `each` (null: reduce) takes the losses; else parts[block] and parts[blocks + block] take the
/// sums of losses and of targets' weights.
template <class Scalar, class Team, int kPack, int kPacks, int kMostThreads>
__global__ void __launch_bounds__(kMostThreads)
    loss_of_rows(const Scalar* __restrict__ input, Targets<Scalar> targets, GroupLayout layout,
                 Scalar* __restrict__ each, float* __restrict__ parts) {
  const std::int64_t step = gridDim.x * Team::rows_per_block();
  float losses = 0.0f, weights = 0.0f;
  // All threads of a block make as many rounds.
  for (std::int64_t first = blockIdx.x * Team::rows_per_block(); first < layout.groups; first += step) {
    const std::int64_t row = first + Team::row_in_block();
    const bool is_kept = row < layout.groups && targets.is_kept(row);
    const std::int64_t target = is_kept && targets.classes ? targets.classes[row] : 0;
    const LogitRow<Scalar, Team, kPack, kPacks> logits(input, layout, row);
    const float loss = row_loss(logits, targets, is_kept, target);
    if (Team::member() == 0 && row < layout.groups) {
      if (each) each[row] = from_float<Scalar>(loss);
      losses += loss;
      if (is_kept && targets.classes) weights += targets.weight_of(target);
    }
  }
  if (each) return;
  losses = Team::sum_of_teams(losses);
  weights = Team::sum_of_teams(weights);
  if (Team::speaks_for_block()) {
    parts[blockIdx.x] = losses;
    parts[gridDim.x + blockIdx.x] = weights;
  }
}

/// One block adds the parts. Class targets' mean divides by their weights, that of probabilities by the rows.
template <class Scalar>
__global__ void __launch_bounds__(kPartThreads) reduce_losses(const float* __restrict__ parts, int blocks, bool divides,
                                                              bool by_weights, Divisor rows, Scalar* __restrict__ y) {
  float losses = 0.0f, weights = 0.0f;
  for (int part = static_cast<int>(threadIdx.x); part < blocks; part += kPartThreads) {
    losses += parts[part];
    weights += parts[blocks + part];
  }
  losses = block_sum(losses);
  weights = block_sum(weights);
  if (threadIdx.x == 0)
    *y = from_float<Scalar>(!divides ? losses : by_weights ? losses / weights : divided(losses, rows));
}

template <class Scalar>
Targets<Scalar> targets_of(const CrossEntropy& op, const Tensors& tensors) {
  return {.classes = op.has_probabilities ? nullptr : tensors.inputs[1].as<const std::int64_t>(),
          .probabilities = op.has_probabilities ? tensors.inputs[1].as<const Scalar>() : nullptr,
          .weight = op.has_weight ? tensors.inputs[op.weight_input()].as<const Scalar>() : nullptr,
          .settings = TargetSettings(op)};
}

template <class Scalar, class Team, int kPack, int kPacks, int kMostThreads>
Launch launch_losses(const CrossEntropy& op, const Tensors& tensors, const RowGrid& grid, const LaunchExtent& block,
                     Device& device) {
  const GroupLayout layout = rows_of(op, tensors.inputs[0]);
  const bool is_empty = element_count(op.input) == 0;
  const auto parts = std::make_shared<DeviceMemory>(device, static_cast<std::size_t>(2 * grid.blocks) * sizeof(float));
  return [=, input = tensors.inputs[0].as<const Scalar>(), targets = targets_of<Scalar>(op, tensors),
          y = tensors.outputs[0].as<Scalar>(), reduction = op.reduction, by_weights = !op.has_probabilities,
          divisor = Divisor(is_empty ? 0 : grid.rows), stream = device.stream()] {
    const bool reduces = reduction != Reduction::none;
    auto* const sums = static_cast<float*>(parts->get());
    // Rows without classes have losses too.
    if (layout.groups > 0)
      launch(loss_of_rows<Scalar, Team, kPack, kPacks, kMostThreads>, {LaunchExtent(grid.blocks), block}, stream, input,
             targets, layout, reduces ? nullptr : y, sums);
    if (reduces)
      launch(reduce_losses<Scalar>, {1, kPartThreads}, stream, sums,
             layout.groups > 0 ? static_cast<int>(grid.blocks) : 0, reduction == Reduction::mean, by_weights, divisor,
             y);
  };
}

}  // namespace lockstep::LOCKSTEP_BACKEND
