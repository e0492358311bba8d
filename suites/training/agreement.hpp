// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "suites/training/record.hpp"

namespace lockstep {

/// How far a training run is from what its mode must give.
struct TrainingAgreement {
  bool agrees = false;
  /// Largest distance over all steps, in units of what is allowed; 0 where everything is equal, by what was compared.
  double worst_loss = 0, worst_gradient = 0, worst_parameter = 0, worst_buffer = 0;
  /// Whether every compared number has the same bits.
  bool is_bit_identical = true;
  /// Steps after which ranks that must be equal had different parameters: the divergence alarm.
  std::int64_t diverged_at_step = -1;
  std::int64_t numbers_compared = 0;
  /// The first thing that differs, in words; empty where nothing does.
  std::string difference;

  double worst() const;
  /// Takes in the comparison of another stretch of the same run.
  void merge(const TrainingAgreement& other);
};

/// By step and kind, how far numbers may be from the expectation.
struct TrainingTolerance {
  /// Relative to max(1, largest number of the tensor), at every step.
  double relative = 1e-9;
  /// Where it is not empty: absolute limits by "<kind> <tensor>" that replace the relative one, kind being loss,
  /// gradient, parameter or buffer; one number per step.
  std::map<std::string, std::vector<double>> absolute;
};

/// Compares losses of every rank, gradients, parameters and buffers of every step, and the ranks with each other.
/// Both records must hold their history. A record with fewer steps or other tensors differs.
TrainingAgreement compare_training(const TrainingRecord& got, const TrainingRecord& expected, const TrainingPlan& plan,
                                   const TrainingTolerance& tolerance);

/// Limits for a run in `narrower`: 16 times how far `runs` runs of the expectation in double lie from it when every number
/// of every operator's result is moved at random by the error that is derived for it in `narrower` (PerturbedExecutor).
/// `job` makes its models in double; `exact` is its expectation without noise.
TrainingTolerance tolerance_of(const TrainingJob& job, const TrainingRecord& exact, DType narrower, int runs);

}  // namespace lockstep
