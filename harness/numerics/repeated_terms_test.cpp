// SPDX-License-Identifier: Apache-2.0
#include "harness/numerics/repeated_terms.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace lockstep {
namespace {

constexpr std::int64_t kTerms = 50000;

/// Squared differences of pixels: a third of them 0, the others of some 200 values.
std::vector<float> squares_of_pixels(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<float> terms;
  for (std::int64_t i = 0; i < kTerms; ++i) {
    const auto pixel = [&] { return random() % 2 == 0 ? 0.0f : static_cast<float>(random() % 200) / 255.0f; };
    const float difference = pixel() - pixel();
    terms.push_back(difference * difference);
  }
  return terms;
}

/// The error of adding one term after another in float, in units of the rms that `total` gives for it.
double error_in_rms(const std::vector<float>& terms, const Tracked& total) {
  float one_after_another = 0;
  for (float term : terms) one_after_another += term;
  return std::abs(one_after_another - total.value) / total.rms();
}

Tracked exactly(const std::vector<float>& terms, std::int64_t i) {
  return Tracked(static_cast<double>(terms[static_cast<std::size_t>(i)]));
}

TEST(RepeatedTerms, ErrorsOfEqualTermsAddUp) {
  double worst = 0, worst_if_independent = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const std::vector<float> terms = squares_of_pixels(seed);
    const auto term = [&terms](std::int64_t i) { return exactly(terms, i); };
    worst = std::max(worst, error_in_rms(terms, sum_of_repeated<Tracked>(std::ssize(terms), term)));
    worst_if_independent = std::max(worst_if_independent, error_in_rms(terms, sum<Tracked>(std::ssize(terms), term)));
  }
  EXPECT_LT(worst, 4.0) << "half of the gate, for what is right";
  EXPECT_GT(worst, 0.2) << "so wide that the gate would be none";
  EXPECT_GT(worst_if_independent, 2.5 * worst);
}

TEST(RepeatedTerms, DifferentTermsAreSummedAsEver) {
  std::mt19937_64 random(3);
  std::vector<float> terms;
  for (std::int64_t i = 0; i < kTerms; ++i) terms.push_back(std::normal_distribution<float>()(random));
  const auto term = [&terms](std::int64_t i) { return exactly(terms, i); };
  const Tracked repeated = sum_of_repeated<Tracked>(std::ssize(terms), term),
                plain = sum<Tracked>(std::ssize(terms), term);
  // Of 256 terms a pair may be close by chance.
  EXPECT_LE(repeated.spread, 4 * plain.spread);
  EXPECT_EQ(repeated.bound, plain.bound);
  EXPECT_EQ(repeated.value, plain.value);
}

TEST(RepeatedTerms, CountsWhatIsAdded) {
  constexpr double kResolution = 1e-6;
  std::vector<double> all_different(64), half(64, 1.0);
  for (std::size_t i = 0; i < 64; ++i) all_different[i] = static_cast<double>(i + 1);
  std::fill(half.begin(), half.begin() + 32, 1e-8);
  EXPECT_EQ(repeated_additions(0, {}, kResolution), 0);
  EXPECT_EQ(repeated_additions(1000, std::vector<double>(64, 0.0), kResolution), 0);
  EXPECT_EQ(repeated_additions(1000, all_different, kResolution), 0);
  EXPECT_EQ(repeated_additions(1000, std::vector<double>(64, 1.0), kResolution), 500);
  EXPECT_EQ(repeated_additions(1000, half, kResolution), 250) << "500 add something";
  std::vector<double> nearly(64, 1.0);
  for (std::size_t i = 0; i < 64; ++i) nearly[i] += 1e-9 * static_cast<double>(i);
  EXPECT_EQ(repeated_additions(1000, nearly, kResolution), 500) << "they round alike";
  EXPECT_EQ(repeated_additions(1000, nearly, 1e-12), 0);
  EXPECT_EQ(repeated_additions(1000, half, 0.0), 0) << "a sum of 0 has no roundoff";
}

}  // namespace
}  // namespace lockstep
