// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <vector>

#include "suites/scaling/scaling_study.hpp"

namespace lockstep {

/// "met", "not met", or, where the machine was not quiet or has too few cores, "inconclusive" instead of the latter.
std::string verdict(bool reached, bool quiet);

/// Seconds by phase of the first rank: medians over the steps but the first.
using PhaseMedians = std::array<double, kPhases>;
PhaseMedians phase_medians(const TrainingRecord& record);

/// data_parallel and distributed_data_parallel on the same batch.
struct ModeComparison {
  std::int64_t rows = 0;
  double replicated_seconds = 0, distributed_seconds = 0;
  /// The 95 % intervals of the two medians lie apart.
  bool decided = false;
  PhaseMedians replicated_phases{}, distributed_phases{};
};
std::vector<ModeComparison> compare_modes(const ScalingPlan& plan, const ModelScaling& scaling, int ranks);

/// Which of the two modes is faster at which batch, between which batches one overtakes the other, and which phase makes
/// the largest part of the difference. Empty for no comparisons.
std::string comparison_finding(const std::string& model, int ranks, std::vector<ModeComparison> comparisons);

/// T(independent trainings side by side) / T(distributed_data_parallel), the rows of a rank the same.
inline constexpr double kWeakScalingTarget = 0.9;
std::string side_by_side_finding(const std::string& model, int ranks, const StepSeries& alone,
                                 const TimedTraining& training, const StepSeries& distributed);

inline constexpr double kHiddenTarget = 0.8;
std::string link_finding(const LinkOverlap& overlap);

/// all_reduce at 1, 4 and 16 MiB beside the copy ceiling. Empty where none of them was measured.
std::string all_reduce_finding(const std::vector<BandwidthPoint>& points);

/// What each rank holds, and what device 0 holds more than the others.
std::string memory_finding(const MeasuredTraining& training);

}  // namespace lockstep
