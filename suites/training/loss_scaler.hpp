// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "suites/training/job.hpp"

namespace lockstep {

/// Keeps the scale of the loss as torch.cuda.amp.GradScaler does: a step whose gradients are not finite is skipped and
/// shrinks the scale; after growth_interval steps without one the scale grows. Without a plan the scale is 1 for ever.
class LossScaler {
 public:
  explicit LossScaler(const std::optional<LossScalingPlan>& plan) : plan_(plan), scale_(plan ? plan->initial : 1.0) {}

  bool is_enabled() const { return plan_.has_value(); }
  double scale() const { return scale_; }
  /// After each step.
  void update(bool gradients_were_finite) {
    if (!plan_) return;
    if (!gradients_were_finite) {
      scale_ *= plan_->backoff;
      steps_since_growth_ = 0;
    } else if (++steps_since_growth_ == plan_->growth_interval) {
      scale_ *= plan_->growth;
      steps_since_growth_ = 0;
    }
  }
  void save(TrainingState& state) const {
    state.loss_scale = scale_;
    state.steps_since_growth = steps_since_growth_;
  }
  void load(const TrainingState& state) {
    if (!plan_ || state.loss_scale <= 0.0) return;
    scale_ = state.loss_scale;
    steps_since_growth_ = state.steps_since_growth;
  }

 private:
  std::optional<LossScalingPlan> plan_;
  double scale_;
  std::int64_t steps_since_growth_ = 0;
};

}  // namespace lockstep
