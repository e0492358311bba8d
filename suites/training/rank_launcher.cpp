// SPDX-License-Identifier: Apache-2.0
#include "suites/training/rank_launcher.hpp"

#include "kernels/communicator/threads/run_ranks.hpp"

namespace lockstep {
namespace {

class ThreadLauncher final : public RankLauncher {
 public:
  std::string transport() const override { return "threads"; }
  void run(const TrainingPlan& plan, const std::function<void(Communicator&)>& body, TrainingRecord&) override {
    RunRanksOptions options;
    options.arrival_limit_seconds = plan.arrival_limit_seconds;
    options.total_limit_seconds = 24 * 3600;
    run_ranks(plan.ranks, body, options);
  }
};

}  // namespace

RankLauncher& launcher_of(const TrainingJob& job) {
  static ThreadLauncher threads;
  return job.launcher ? *job.launcher : threads;
}

}  // namespace lockstep
