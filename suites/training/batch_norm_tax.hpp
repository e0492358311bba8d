// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "harness/plan/case.hpp"
#include "reports/training_report.hpp"
#include "suites/training/call_times.hpp"

namespace lockstep {

/// Seconds of a collective between ranks that are threads and come at once: median of repeated calls, as the slowest rank
/// sees them. By collective and payload bytes; measured where it is asked for the first time.
class MessageCost {
 public:
  explicit MessageCost(int ranks) : ranks_(ranks) {}
  double seconds(Collective collective, std::int64_t payload_bytes);

 private:
  int ranks_;
  std::map<std::pair<Collective, std::int64_t>, double> known_;
};

struct BatchNormTaxPlan {
  std::vector<int> ranks = {2, 4};
  std::vector<int> images_per_rank = {1, 2, 4, 8, 16};
  /// Runs of each kind, in turns, and the steps of a run; its first step is left out.
  int rounds = 4;
  std::int64_t steps = 8;
};

/// Seconds of a step of the first rank, in one kind of run.
struct BatchNormTimes {
  double step = 0;
  /// Forward and backward without the collectives in them; the collectives; all other phases.
  double computation = 0, collectives = 0, elsewhere = 0;
  /// In the collectives, for the last rank to come.
  double waiting = 0;
};

/// The row of a difference: parts, their sum as the prediction, and what is left. `latency` and `volume`: of the
/// collectives of a step between ranks that come at once.
reports::SyncBatchNormTax tax_of(const BatchNormTimes& synchronised, const BatchNormTimes& local, double latency,
                                 double volume);

/// What SyncBatchNorm adds to a step of distributed_data_parallel on threads, image_conv_net in f32 on rows made for it: the
/// difference between steps of rank 0, the two kinds of run in turns, each the mean of the middle half of its steps; by
/// ranks, and by images per rank. `stops` is asked
/// between runs; what is complete is returned.
std::vector<reports::SyncBatchNormTax> measure_batch_norm_tax(const BatchNormTaxPlan& plan, const Catalogue& catalogue,
                                                              const std::function<bool()>& stops);

}  // namespace lockstep
