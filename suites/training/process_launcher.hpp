// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "kernels/communicator/process_rank.hpp"
#include "suites/training/rank_launcher.hpp"

namespace lockstep {

/// Trains with one rank in this process and the others in theirs, which make the same calls of their launchers in the same
/// order. Rank 0 gathers the records. Clocks count from a meeting of all ranks at the beginning of each training, so ranks
/// lie side by side as exactly as they left it.
/// After an error nothing is trained any more, since no rank knows how far the others came: every call throws.
class ProcessLauncher final : public RankLauncher {
 public:
  /// Borrows `rank`.
  explicit ProcessLauncher(ProcessRank& rank) : rank_(rank) {}

  std::string transport() const override { return rank_.transport(); }
  std::string remark() const { return rank_.remark(); }
  int rank() const { return rank_.communicator().rank(); }
  void run(const TrainingPlan& plan, const std::function<void(Communicator&)>& body, TrainingRecord& record) override;

  /// Whether all ranks want to go on with `what`. Throws Error where they are not all there.
  bool all_go_on(const std::string& what, bool wants_to);
  /// Rank 0's status, which counts for all.
  int status_of_rank_0(int status);

 private:
  /// Every rank's word about `subject`, which must be the same everywhere.
  std::vector<std::string> meet(const std::string& subject, const std::string& word);
  template <class Act>
  auto unless_ended(Act act);

  ProcessRank& rank_;
  std::string ended_because_;
};

}  // namespace lockstep
