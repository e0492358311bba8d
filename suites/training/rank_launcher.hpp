// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "suites/training/record.hpp"

namespace lockstep {

/// Where the ranks of a training live.
class RankLauncher {
 public:
  virtual ~RankLauncher() = default;
  /// By what ranks reach each other, for the report.
  virtual std::string transport() const = 0;
  /// Calls `body` on every rank of the plan that lives in this process. It fills its rank's place in `record`, which has one
  /// for each, and one rank's body the history and state; afterwards the record is whole in the process of rank 0.
  /// Throws Error naming the rank where one fails.
  virtual void run(const TrainingPlan& plan, const std::function<void(Communicator&)>& body,
                   TrainingRecord& record) = 0;
};

/// The job's launcher, or the one that starts a thread of this process for every rank.
RankLauncher& launcher_of(const TrainingJob& job);

}  // namespace lockstep
