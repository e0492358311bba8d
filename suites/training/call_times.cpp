// SPDX-License-Identifier: Apache-2.0
#include "suites/training/call_times.hpp"

#include <algorithm>
#include <map>

#include "harness/data/error.hpp"
#include "suites/training/step_clock.hpp"

namespace lockstep {

void CallTimes::run(const Call& call) {
  if (!call.label.starts_with(label_)) return inner_.run(call);
  const StepClock clock;
  CallTime time{call.collective, payload_bytes(call, size()), call.step, clock.now(), 0};
  inner_.run(call);
  time.returned = clock.now();
  times_.push_back(time);
}

std::vector<double> waiting_by_step(const std::vector<std::vector<CallTime>>& ranks, std::size_t rank) {
  std::map<std::int64_t, double> waiting;
  const std::vector<CallTime>& own = ranks.at(rank);
  for (std::size_t i = 0; i < own.size(); ++i) {
    double last = own[i].arrived;
    for (const std::vector<CallTime>& other : ranks) {
      if (other.size() != own.size() || other[i].collective != own[i].collective || other[i].step != own[i].step)
        throw Error("ranks made different calls; accepted: the same in the same order");
      last = std::max(last, other[i].arrived);
    }
    // A rank that was put aside between the others' arrival and its own clock reading waits for nobody.
    waiting[own[i].step] += std::max(0.0, std::min(last, own[i].returned) - own[i].arrived);
  }
  std::vector<double> by_step;
  for (const auto& [step, seconds] : waiting) by_step.push_back(seconds);
  return by_step;
}

}  // namespace lockstep
