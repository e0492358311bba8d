// SPDX-License-Identifier: Apache-2.0
#include "harness/numerics/sum.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "harness/data/random.hpp"
#include "harness/numerics/moments.hpp"

namespace lockstep {
namespace {

std::vector<float> bell_numbers(std::int64_t n, std::uint64_t seed, float mean) {
  RandomStream stream(seed);
  std::vector<float> numbers(static_cast<std::size_t>(n));
  for (float& x : numbers)
    x = mean + static_cast<float>((stream.uniform() + stream.uniform() + stream.uniform() - 1.5) * 2);
  return numbers;
}

Tracked tracked_sum_of(const std::vector<float>& x) {
  return sum<Tracked>(static_cast<std::int64_t>(x.size()), [&](std::int64_t i) { return Tracked(x.data()[i]); });
}

float sequential(const std::vector<float>& x) { return std::accumulate(x.begin(), x.end(), 0.0f); }
float tree(const float* x, std::size_t n) { return n == 1 ? x[0] : tree(x, n / 2) + tree(x + n / 2, n - n / 2); }
float tree(const std::vector<float>& x) { return tree(x.data(), x.size()); }

// Whatever the order, a float sum stays inside bound and statistical gate.
TEST(Sum, CoversEveryOrder) {
  for (const std::int64_t n : {2, 33, 1000, 65536})
    for (const float mean : {0.0f, 1.0f, 30.0f})
      for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        std::vector<float> x = bell_numbers(n, seed, mean);
        const Tracked truth = tracked_sum_of(x);
        std::vector<float> sorted = x;
        std::sort(sorted.begin(), sorted.end());
        for (const float got : {sequential(x), tree(x), sequential(sorted)}) {
          ASSERT_LE(std::abs(got - truth.value), truth.bound) << n << " " << mean;
        }
        for (const float got : {sequential(x), tree(x)})
          ASSERT_LE(std::abs(got - truth.value), 8 * truth.rms()) << n << " " << mean;
      }
}

// From 65536 terms on the worst-case bound cannot see a dropped term, the statistical gate can: why there are two.
TEST(Sum, StatisticalGateSeesADroppedTermWhereTheBoundCannot) {
  const std::vector<float> x = bell_numbers(1 << 20, 3, 0.0f);
  const ContractScope scope({.partial_sums = 256});
  const Tracked truth = tracked_sum_of(x);
  const double dropped = std::abs(*std::max_element(x.begin(), x.end()));
  EXPECT_LT(dropped, truth.bound);
  EXPECT_GT(dropped, 8 * truth.rms());
}

// The mean error over all orders is no measure of one: partial sums of terms of either sign stray as a random walk does,
// all their roundings with them. By that mean alone some 20 in a million of these correct sums lie beyond 5 rms, one
// beyond 6.
TEST(Sum, AFewTermsAddedOneByOneStayWithinFiveRms) {
  double worst = 0;
  for (const std::int64_t n : {12, 24, 100})
    for (std::uint64_t seed = 1; seed <= 400000 / static_cast<std::uint64_t>(n); ++seed)
      for (std::uint64_t part = 0; part < 10; ++part) {
        const std::vector<float> x = bell_numbers(n, seed * 10 + part, 0.0f);
        const std::vector<float> reversed(x.rbegin(), x.rend());
        const Tracked truth = tracked_sum_of(x);
        for (const float got : {sequential(x), sequential(reversed)})
          worst = std::max(worst, std::abs(got - truth.value) / truth.rms());
      }
  EXPECT_LT(worst, 5.0);
  EXPECT_GT(worst, 3.5);
}

// The float instance of a reference adds in so many partial sums. The mean over all orders is what errors of many sums have
// in the mean; those of single elements scatter around it, so that one in 10^9 correct sums lies beyond 8 rms.
TEST(Sum, PartialSumsHaveTheRmsOfAllOrders) {
  const ContractScope scope({.partial_sums = kReferencePartialSums});
  for (const std::int64_t n : {16, 31, 64, 1000})
    for (const float mean : {0.0f, 2.0f}) {
      double squares = 0, worst = 0;
      const std::uint64_t sums = 40000 / static_cast<std::uint64_t>(n) + 2000;
      for (std::uint64_t seed = 1; seed <= sums; ++seed) {
        const std::vector<float> x = bell_numbers(n, seed, mean);
        const float got = sum<float>(n, [&](std::int64_t i) { return x[static_cast<std::size_t>(i)]; });
        const Tracked truth = tracked_sum_of(x);
        const double error = (static_cast<double>(got) - truth.value) / truth.rms();
        squares += error * error;
        worst = std::max(worst, std::abs(error));
      }
      const double rms = std::sqrt(squares / static_cast<double>(sums));
      EXPECT_GT(rms, 0.75) << n << " terms around " << mean;
      EXPECT_LT(rms, 1.15) << n << " terms around " << mean;
      EXPECT_LT(worst, 6.0) << n << " terms around " << mean;
    }
}

// What is known of the order leaves the partial sums of another order out.
TEST(Sum, PartialSumsThatStrayCountForOneChainOnly) {
  std::vector<float> x(256, 1.0f);
  std::fill(x.begin() + 128, x.end(), -1.0f);  // up to 128 and back to 0
  const double one_chain = tracked_sum_of(x).rms();
  std::vector<float> alternating(256, 1.0f);
  for (std::size_t i = 1; i < alternating.size(); i += 2) alternating[i] = -1.0f;
  EXPECT_GT(one_chain, 5 * tracked_sum_of(alternating).rms());
  EXPECT_EQ(one_chain, tracked_sum_of(std::vector<float>(x.rbegin(), x.rend())).rms());
  const ContractScope scope({.partial_sums = 32});
  EXPECT_EQ(tracked_sum_of(x).rms(), tracked_sum_of(alternating).rms());
}

TEST(Sum, PartialSumsOfRunsFollowOneAnother) {
  const std::vector<float> x = bell_numbers(128, 3, 0.2f);
  const auto run = [&x](std::size_t first, std::int64_t n) {
    return statistics_of(n, [&x, first](std::int64_t i) { return Tracked(x[first + static_cast<std::size_t>(i)]); });
  };
  const SumStatistics whole = run(0, 128), front = run(0, 64), back = run(64, 64);
  PartialSums both = front.passed;
  both.follow(front.value, back.passed);
  EXPECT_EQ(both.terms, whole.passed.terms);
  EXPECT_NEAR(both.sum, whole.passed.sum, 1e-10);
  EXPECT_NEAR(both.squares, whole.passed.squares, 1e-10);
}

TEST(Sum, NothingAddedIsExact) {
  EXPECT_EQ(sum<Tracked>(0, [](std::int64_t) { return Tracked(1.0); }).bound, 0);
  EXPECT_EQ(sum<Tracked>(1, [](std::int64_t) { return Tracked(1.0); }).bound, 0);
}

TEST(Dot, CoversFloatProductsAndTheirSum) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const std::vector<float> a = bell_numbers(777, seed, 0.5f), b = bell_numbers(777, seed + 1000, 0.0f);
    float got = 0;
    for (std::size_t k = 0; k < a.size(); ++k) got += a[k] * b[k];
    const Tracked truth = dot<Tracked>(
        777, [&](std::int64_t k) { return Tracked(a.data()[k]); },
        [&](std::int64_t k) { return Tracked(b.data()[k]); });
    ASSERT_LE(std::abs(got - truth.value), truth.bound);
    ASSERT_LE(std::abs(got - truth.value), 8 * truth.rms());
  }
}

// The three variance algorithms differ by the condition number; each contract covers its own and only the honest ones.
TEST(Moments, ContractsCoverTheirAlgorithms) {
  const std::vector<float> x = bell_numbers(1024, 5, 1000.0f);
  const auto n = static_cast<std::int64_t>(x.size());
  const auto at = [&](std::int64_t i) { return x.data()[i]; };
  const float mean = sequential(x) / static_cast<float>(n);
  float squares = 0, raw = 0;
  for (const float value : x) {
    squares += (value - mean) * (value - mean);
    raw += value * value;
  }
  const float two_pass = squares / static_cast<float>(n), one_pass = raw / static_cast<float>(n) - mean * mean;
  const auto truth = [&](VarianceAlgorithm algorithm) {
    const ContractScope scope({.variance = algorithm});
    return moments<Tracked>(n, [&](std::int64_t i) { return Tracked(at(i)); });
  };
  const Moments<Tracked> honest = truth(VarianceAlgorithm::two_pass), loose = truth(VarianceAlgorithm::one_pass);
  EXPECT_LE(std::abs(mean - honest.mean.value), honest.mean.bound);
  EXPECT_LE(std::abs(two_pass - honest.variance.value), honest.variance.bound);
  EXPECT_LE(std::abs(one_pass - loose.variance.value), loose.variance.bound);
  EXPECT_GT(std::abs(one_pass - honest.variance.value), 4 * honest.variance.bound);
}

TEST(InverseDeviation, IsBoundedByEpsWhereTheVarianceIsNot) {
  const Tracked variance(0.0, 1e-3, 1e-12, 0);
  EXPECT_TRUE(std::isinf(rsqrt(variance + Tracked(1e-4)).bound));
  const Tracked capped = inverse_deviation(variance, 1e-4);
  EXPECT_DOUBLE_EQ(capped.value, 100);
  EXPECT_NEAR(capped.bound, 100, 1e-9);  // anything between 0 and 1 / sqrt(eps)
  EXPECT_TRUE(std::isinf(inverse_deviation(Tracked(1e-3, 1e-2, 0, 0), 0.0).bound));  // nothing holds it without eps
}

TEST(InverseDeviation, OfAnInfiniteVarianceIsZeroExactly) {
  const double infinity = std::numeric_limits<double>::infinity();
  const Tracked zero = inverse_deviation(Tracked(infinity, infinity, infinity, 0), 1e-5);
  EXPECT_EQ(zero.value, 0);
  EXPECT_EQ(zero.bound, 0);
  EXPECT_EQ(zero.rms(), 0);
}

// Far from zero the cap changes nothing.
TEST(InverseDeviation, IsTheInverseRootElsewhere) {
  const Tracked variance(2.0, 1e-3, 1e-8, 1e-5);
  const Tracked plain = rsqrt(variance + Tracked(1e-5)), capped = inverse_deviation(variance, 1e-5);
  EXPECT_EQ(capped.value, plain.value);
  EXPECT_EQ(capped.bound, plain.bound);
  EXPECT_EQ(capped.rms(), plain.rms());
}

}  // namespace
}  // namespace lockstep
