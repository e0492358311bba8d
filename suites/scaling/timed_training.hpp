// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/plan/case.hpp"
#include "suites/scaling/interleaved.hpp"
#include "suites/training/record.hpp"
#include "suites/training/scenario.hpp"

namespace lockstep {

/// A few float32 steps on the fastest operators, on one batch that is made beforehand: data are no part of what is timed.
struct TimedTraining {
  std::string mode = "distributed_data_parallel", model = "mlp_wide";
  int ranks = 1;
  /// Of the whole batch.
  std::int64_t rows = 64;
  /// Of every bucket; the first is at most 1 MiB. 0: the mode has no buckets.
  std::int64_t bucket_bytes = 0;
  /// Timed steps; one more before them warms up.
  std::int64_t steps = 5;
  std::uint64_t seed = 1;
  bool broadcast_buffers = true;
  WrapCommunicator wrap_communicator = {};

  Scenario scenario() const;
  /// "distributed_data_parallel mlp_wide, 2 ranks, 64 rows, buckets of 262144 bytes"
  std::string name() const;
};

/// Trains; the record has no parameters, for they are not what is asked for. Throws Error as train() does.
TrainingRecord train_timed(const TimedTraining& training, const Catalogue& catalogue);

/// Median over the steps but the first of the slowest rank's seconds, and of its backward.
StepSample sample_of(const TrainingRecord& record);

/// The same steps with communication left out.
StepSample sample_without_communication(TimedTraining training, const Catalogue& catalogue);

/// The messages of one step of distributed_data_parallel with no computation beside them: buffers broadcast where the plan
/// does so, then every bucket reduced. What filling the buckets with zeros takes is measured and taken off.
StepSample sample_of_communication(const TimedTraining& training);

/// Independent trainings of the mode `single`, one per rank, each on its equal part of the rows, at the same time: what
/// ranks reach that need not talk. The slowest one's seconds.
StepSample sample_side_by_side(const TimedTraining& training, const Catalogue& catalogue);

/// Bytes of each bucket of a step of distributed_data_parallel behind the first, in the order in which they are reduced.
std::vector<std::int64_t> bucket_sizes(const TimedTraining& training);

/// Whether there are more ranks than cores.
bool is_oversubscribed(int ranks);

}  // namespace lockstep
