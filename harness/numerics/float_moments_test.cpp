// SPDX-License-Identifier: Apache-2.0
#include "harness/numerics/float_moments.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "harness/data/random.hpp"

namespace lockstep {
namespace {

/// Numbers around 3 in `runs` runs, with gaps of NaN between them, and the same numbers one after another.
struct Drawn {
  FloatRuns runs;
  std::vector<float> memory, terms;

  Drawn(std::int64_t count, std::int64_t length, std::int64_t gap) {
    RandomStream stream(static_cast<std::uint64_t>(count * 1000 + length));
    memory.assign(static_cast<std::size_t>(count * (length + gap)), std::numeric_limits<float>::quiet_NaN());
    for (std::int64_t run = 0; run < count; ++run)
      for (std::int64_t i = 0; i < length; ++i) {
        const float drawn = static_cast<float>(stream.below(2000)) / 500.0f + 1.0f - 2.0f * static_cast<float>(i % 3);
        memory[static_cast<std::size_t>(run * (length + gap) + i)] = drawn;
        terms.push_back(drawn);
      }
    runs = {memory.data(), count, length, length + gap};
  }
  Tracked term(std::int64_t i) const { return static_cast<double>(terms[static_cast<std::size_t>(i)]); }
};

struct Layout {
  std::int64_t runs, length, gap;
};

constexpr Layout kLayouts[] = {{1, 1, 0}, {1, 7, 0},  {1, 63, 0},  {1, 64, 0}, {1, 1023, 0}, {16, 784, 100},
                               {9, 8, 3}, {70, 1, 5}, {33, 49, 7}, {5, 3, 1},  {2, 31, 2}};

TEST(FloatMoments, StatisticsAreThoseOfTheTermsOneByOne) {
  for (const Layout& layout : kLayouts) {
    const Drawn drawn(layout.runs, layout.length, layout.gap);
    const std::int64_t n = layout.runs * layout.length;
    const SumStatistics fast = statistics_of(drawn.runs);
    const SumStatistics plain = statistics_of(n, [&](std::int64_t i) { return drawn.term(i); });
    EXPECT_EQ(fast.terms, static_cast<double>(n));
    EXPECT_NEAR(fast.value, plain.value, 1e-12 * plain.magnitude);
    EXPECT_NEAR(fast.magnitude, plain.magnitude, 1e-12 * plain.magnitude);
    EXPECT_NEAR(fast.squares, plain.squares, 1e-12 * plain.squares);
    EXPECT_EQ(fast.bound + fast.spread + fast.common, 0.0);
    EXPECT_EQ(fast.passed.terms, plain.passed.terms) << "no term is left out of the looks at the partial sums";
    // The ends of short runs are looked at more often.
    const bool same_looks = n < PartialSums::kShort || layout.length % 8 == 0;
    EXPECT_NEAR(fast.passed.squares, plain.passed.squares, (same_looks ? 1e-12 : 0.1) * plain.passed.squares);
  }
}

TEST(FloatMoments, MomentsAreThoseOfTheTermsOneByOne) {
  for (const Layout& layout : kLayouts) {
    const Drawn drawn(layout.runs, layout.length, layout.gap);
    const Moments<Tracked> fast = moments(drawn.runs);
    const Moments<Tracked> plain =
        moments<Tracked>(layout.runs * layout.length, [&](std::int64_t i) { return drawn.term(i); });
    EXPECT_NEAR(fast.mean.value, plain.mean.value, 1e-12);
    EXPECT_NEAR(fast.mean.bound, plain.mean.bound, 1e-9 * plain.mean.bound);
    EXPECT_NEAR(fast.variance.value, plain.variance.value, 1e-12 * plain.variance.value);
    EXPECT_NEAR(fast.variance.bound, plain.variance.bound, 1e-9 * plain.variance.bound);
  }
}

TEST(FloatMoments, DistinctValuesAreWeighedByTheirShares) {
  const auto distinct = [](std::int64_t n, std::int64_t values) {
    return distinct_values(n, [values](std::int64_t i) {
      return static_cast<double>(mix64(static_cast<std::uint64_t>(i)) % static_cast<std::uint64_t>(values));
    });
  };
  EXPECT_EQ(distinct(0, 1), std::numeric_limits<double>::infinity());
  EXPECT_EQ(distinct(1, 1), std::numeric_limits<double>::infinity());
  EXPECT_EQ(distinct(1000, 1), 1.0);
  EXPECT_NEAR(distinct(1000, 2), 2.0, 0.1);
  EXPECT_NEAR(distinct(100000, 12), 12.0, 3.0);
  EXPECT_EQ(distinct(100000, 1 << 30), std::numeric_limits<double>::infinity());
  const auto nan = [](std::int64_t i) { return i % 2 == 0 ? std::numeric_limits<double>::quiet_NaN() : 1.0; };
  EXPECT_NEAR(distinct_values(63, nan), 4.0, 0.5) << "NaN equals nothing";
}

/// Adds squares of deviations as a kernel with `partial_sums` accumulators does, and says by how many times its rms the
/// variance errs.
double variance_error_in_rms(std::uint64_t seed, std::int64_t values, std::int64_t partial_sums) {
  constexpr std::int64_t kCount = 4096;
  std::vector<float> x;
  for (std::int64_t i = 0; i < kCount; ++i)
    x.push_back(
        static_cast<float>(mix64(seed * kCount + static_cast<std::uint64_t>(i)) % static_cast<std::uint64_t>(values)) /
        static_cast<float>(values) * 3.0f);
  const ContractScope scope({.partial_sums = partial_sums});
  const Moments<Tracked> truth = moments(FloatRuns{x.data(), 1, kCount, kCount});
  const auto mean = static_cast<float>(truth.mean.value);
  std::vector<float> sums(static_cast<std::size_t>(partial_sums));
  for (std::size_t i = 0; i < x.size(); ++i)
    sums[i % sums.size()] = sums[i % sums.size()] + (x[i] - mean) * (x[i] - mean);
  double variance = 0;
  for (const float sum : sums) variance += static_cast<double>(sum) / static_cast<double>(kCount);
  return std::abs(variance - truth.variance.value) / truth.variance.rms();
}

TEST(FloatMoments, SumsOfFewDifferentSquaresLeanOneWayAndAreAllowedTo) {
  for (const std::int64_t values : {5, 12, 1 << 20})
    for (const std::int64_t partial_sums : {1, 8}) {
      double worst = 0;
      for (std::uint64_t seed = 1; seed <= 200; ++seed)
        worst = std::max(worst, variance_error_in_rms(seed, values, partial_sums));
      EXPECT_LT(worst, 5.0) << values << " values";
      EXPECT_GT(worst, 0.1) << values << " values: an allowance that nothing comes near tells nothing";
    }
}

TEST(FloatMoments, WhatIsNotFiniteIsNotLost) {
  for (const float odd : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()})
    for (const std::size_t at : {std::size_t{0}, std::size_t{77}, std::size_t{99}}) {
      std::vector<float> values(100, 1.0f);
      values[at] = odd;
      const SumStatistics statistics = statistics_of(FloatRuns{values.data(), 1, 100, 100});
      EXPECT_FALSE(std::isfinite(statistics.value));
      EXPECT_FALSE(std::isfinite(statistics.magnitude));
      EXPECT_TRUE(std::isnan(moments(FloatRuns{values.data(), 1, 100, 100}).variance.value));
    }
}

}  // namespace
}  // namespace lockstep
