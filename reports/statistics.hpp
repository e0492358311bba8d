// SPDX-License-Identifier: Apache-2.0
#pragma once
// The statistics of comparing two runs. All of them are exact for samples that are independent and share a median; none
// assumes a shape of the distribution, since times have long right tails.

#include <optional>
#include <vector>

namespace lockstep::reports {

struct Interval {
  double low = 0;
  double high = 0;
};

// P(X <= successes) for X ~ Binomial(trials, 1/2). 0 for successes < 0.
double fair_binomial_tail(int trials, int successes);

// Median of a copy; NaN for none.
double median_of(std::vector<double> samples);

// Interval of the median from order statistics, coverage at least 1 - alpha. Empty when there are too few samples:
// n samples reach 1 - 2^(1-n).
std::optional<Interval> median_interval(std::vector<double> samples, double alpha);

// Sign test of "the median of the differences is at most `margin`": P(as many or more above it by chance).
double sign_test_above(const std::vector<double>& differences, double margin);

// Test of "median(current) <= median(baseline) + margin" on independent samples: the smallest p at which the order
// statistics' bounds of the two medians, each with error p/2, lie apart by more than `margin`. 1 when none does.
double median_shift_above(std::vector<double> baseline, std::vector<double> current, double margin);

// Interval of median(current) - median(baseline): each median with coverage 1 - alpha/2 (Bonferroni).
std::optional<Interval> median_difference_interval(const std::vector<double>& baseline,
                                                   const std::vector<double>& current, double alpha);

// Benjamini-Hochberg: the smallest false-discovery rate at which each hypothesis would be rejected.
std::vector<double> false_discovery_rates(const std::vector<double>& p_values);

}  // namespace lockstep::reports
