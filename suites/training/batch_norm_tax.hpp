// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "harness/plan/case.hpp"
#include "reports/training_report.hpp"

namespace lockstep {

/// How a message's time grows: the two numbers of a straight line.
struct MessageCost {
  /// Of a collective of a few bytes, as the slowest rank sees it.
  double latency_seconds = 0;
  /// Payload bytes per second of a large one.
  double bandwidth = 0;
};

/// Median all_gather and all_reduce between `ranks` threads on this machine, the mean of both, at 64 bytes and at 1 MiB.
MessageCost measure_message_cost(int ranks);

struct BatchNormTaxPlan {
  int ranks = 2;
  std::vector<int> images_per_rank = {1, 2, 4, 8, 16};
  /// Runs of each kind, in turns, and the steps of a run; its first step is left out.
  int rounds = 4;
  std::int64_t steps = 8;
};

struct BatchNormTax {
  reports::SyncBatchNormTax row;
  /// The collectives of SyncBatchNorm alone, with the wait for other ranks: median seconds of a step.
  double communication_seconds = 0;
};

/// Seconds that SyncBatchNorm adds to a step of distributed_data_parallel on threads, image_conv_net in f32 on rows made
/// for it: the difference of median steps of rank 0, the two kinds of run in turns. Predicted is the communication alone.
/// `stops` is asked between runs; what is complete is returned.
std::vector<BatchNormTax> measure_batch_norm_tax(const BatchNormTaxPlan& plan, const Catalogue& catalogue,
                                                 const std::function<bool()>& stops);

}  // namespace lockstep
