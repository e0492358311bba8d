// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reports/report.hpp"

namespace lockstep::reports {

/// The rate that is held against the target: that of every element where it reaches it or nothing else was measured, else
/// the sample's.
struct CountedRate {
  double cases_per_second = 0;
  bool is_sampled = false;
  bool reaches_target = false;
};

inline CountedRate counted_rate(const JudgingRate& rate) {
  const double full = rate.cases_per_second_full.value_or(0);
  const bool is_sampled = !(full >= rate.target) && rate.cases_per_second_sampled > full;
  const double counted = is_sampled ? rate.cases_per_second_sampled : full;
  return {counted, is_sampled, counted >= rate.target};
}

}  // namespace lockstep::reports
