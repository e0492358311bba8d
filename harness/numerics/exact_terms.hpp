// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/numerics/lanes.hpp"
#include "harness/numerics/sum.hpp"

namespace lockstep {

/// What statistics_of finds for terms without errors of their own, several times as fast: eight at a time, after which the
/// partial sum is looked at, or one by one, with a look after every fourth and none at fewer in all.
class ExactTerms {
 public:
  static constexpr std::int64_t kGroup = 2 * kLanes;

  void add(Lanes low, Lanes high) {
    value_[0] += low;
    value_[1] += high;
    magnitude_[0] += absolute(low);
    magnitude_[1] += absolute(high);
    squares_[0] += low * low;
    squares_[1] += high * high;
    look(static_cast<double>(kGroup) + unseen_);
  }
  void add(double term) {
    detail::add_term(single_, term);
    if (++unseen_ == 4) look(unseen_);
  }

  SumStatistics statistics() {
    const double terms = passed_.terms + unseen_;
    if (unseen_ > 0 && passed_.terms > 0) look(unseen_);
    SumStatistics all = single_;
    all.terms = terms;
    all.value = reached();
    all.magnitude += total(magnitude_[0] + magnitude_[1]);
    all.squares += total(squares_[0] + squares_[1]);
    all.passed = passed_;
    return all;
  }

 private:
  double reached() const { return total(value_[0] + value_[1]) + single_.value; }

  void look(double terms_since) {
    passed_.pass(reached(), terms_since);
    unseen_ = 0;
  }

  Lanes value_[2]{}, magnitude_[2]{}, squares_[2]{};
  SumStatistics single_;
  PartialSums passed_;
  double unseen_ = 0;  ///< single terms since the last look
};

/// Of n terms in all: how many of `length` neighbours go in groups. None in a short sum, where each partial sum counts.
inline std::int64_t grouped_terms(std::int64_t n, std::int64_t length) {
  return n < PartialSums::kShort ? 0 : length / ExactTerms::kGroup * ExactTerms::kGroup;
}

}  // namespace lockstep
