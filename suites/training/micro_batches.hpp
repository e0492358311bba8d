// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "suites/training/job.hpp"
#include "suites/training/step_clock.hpp"

namespace lockstep {

/// Forward and backward over a rank's micro-batches, gradients adding up in the leaves.
struct MicroBatchPass {
  Autograd& autograd;
  Model& model;
  StepClock& clock;
  /// Told before the backward of each micro-batch; DistributedDataParallel prepares its reducer before the last.
  std::function<void(std::size_t index, const Variable& loss)> before_backward = {};
  /// Told after each.
  std::function<void(std::size_t index)> after_backward = {};

  /// Trains on `ranges` of the batch; the loss of micro-batch i is multiplied by weights[i] * loss_scale before its
  /// backward. Returns the mean loss over all rows (not scaled).
  double run(const Batch& batch, const std::vector<RowRange>& ranges, const std::vector<double>& weights,
             double loss_scale);
};

/// By rows (rows / N) or equally (1 / k).
std::vector<double> micro_batch_weights(const std::vector<RowRange>& ranges, bool equally);

}  // namespace lockstep
