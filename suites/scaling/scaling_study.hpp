// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "suites/collectives/bandwidth.hpp"
#include "suites/scaling/link_overlap.hpp"

namespace lockstep {

/// What a study of scaling measures.
struct ScalingPlan {
  std::vector<std::string> models = {"mlp_wide", "image_conv_net"};
  std::vector<std::string> modes = {"distributed_data_parallel", "data_parallel"};
  std::vector<int> ranks = {1, 2, 4};
  /// Of the whole batch in strong scaling, of each rank in weak scaling.
  std::int64_t rows = 64;
  std::vector<std::int64_t> bucket_bytes = {std::int64_t{256} << 10, std::int64_t{25} << 20};
  int repetitions = 9;
  std::int64_t steps = 5;
  std::uint64_t seed = 1;
  /// Where not given, one over which communication takes as long as the backward.
  std::optional<LinkModel> link;
  /// A model whose gradients are mostly ready long before its backward ends.
  std::string link_model = "resnet18_tiny";
  std::vector<std::int64_t> payload_bytes = {64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20};
};

/// One training in turn with all others of its model.
struct MeasuredTraining {
  TimedTraining training;
  StepSeries series;
  /// Of the last repetition.
  TrainingRecord record;
};

/// The same step three times: with communication, without, and communication alone. Formulas:
///   exposed = T(both) - T(no communication); overlapped = alone - exposed
///   contended = backward in both - backward without communication
struct MeasuredSplit {
  StepSeries without_communication, alone;
};

/// Everything about one model. Trainings are found by their names.
struct ModelScaling {
  std::string model;
  std::map<std::string, MeasuredTraining> trainings;
  /// distributed_data_parallel at more than one rank, by the training's name.
  std::map<std::string, MeasuredSplit> splits;
  /// Independent trainings on as many cores as there are ranks, by ranks, each of plan.rows rows.
  std::map<int, StepSeries> side_by_side;

  const MeasuredTraining* find(const TimedTraining& training) const;
};

/// The training of a point. Modes other than distributed_data_parallel have no buckets.
TimedTraining training_of(const ScalingPlan& plan, const std::string& mode, const std::string& model, int ranks,
                          std::int64_t rows, std::int64_t bucket_bytes);

/// Batches on which modes are compared, besides those of the curves: a quarter and four times plan.rows.
std::vector<std::int64_t> compared_rows(const ScalingPlan& plan, int ranks);

/// Throws Error for a plan that a mode refuses.
ModelScaling measure_model(const ScalingPlan& plan, const std::string& model, const Catalogue& catalogue,
                           const std::function<bool(const std::string& next)>& proceed);

/// How often `proceed` is asked.
std::size_t runs_of_model(const ScalingPlan& plan, const std::string& model);

}  // namespace lockstep
