// SPDX-License-Identifier: Apache-2.0
#include "harness/data/fill.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

constexpr DType kFloating[] = {DType::f64, DType::f32, DType::f16, DType::bf16};
constexpr Fill kDrawn[] = {Fill::normal, Fill::offset, Fill::small, Fill::exact, Fill::adversarial, Fill::special};

Values filled(DType dtype, Fill fill, const FillRange& range, std::uint64_t seed, std::int64_t count = 20000) {
  Values values(dtype, {count});
  fill_values(values, fill, range, seed);
  return values;
}

bool equal(const Values& a, const Values& b, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i)
    if (a[i] != b[i] && !(std::isnan(a[i]) && std::isnan(b[i]))) return false;
  return true;
}

struct Sample {
  double mean = 0, deviation = 0, largest = 0;
};
Sample measure(const Values& values) {
  Sample sample;
  const auto count = static_cast<double>(values.count());
  for (std::int64_t i = 0; i < values.count(); ++i) {
    sample.mean += values[i] / count;
    sample.largest = std::max(sample.largest, std::abs(values[i]));
  }
  for (std::int64_t i = 0; i < values.count(); ++i) sample.deviation += std::pow(values[i] - sample.mean, 2) / count;
  sample.deviation = std::sqrt(sample.deviation);
  return sample;
}

TEST(Fill, NamesReadBack) {
  for (const Fill fill : kDrawn) EXPECT_EQ(parse_fill(name_of(fill)), fill);
  EXPECT_EQ(parse_fill("images"), Fill::images);
  EXPECT_THROW(parse_fill("gaussian"), Error);
}

TEST(Fill, SameSeedSameNumbersAndAnotherSeedOthers) {
  const FillRange range{.moves_with_offset = true, .takes_special = true};
  for (const Fill fill : kDrawn) {
    const Values one = filled(DType::f32, fill, range, 7);
    EXPECT_TRUE(equal(one, filled(DType::f32, fill, range, 7), one.count())) << name_of(fill);
    EXPECT_FALSE(equal(one, filled(DType::f32, fill, range, 8), one.count())) << name_of(fill);
  }
}

// A sample of a tensor can then be drawn without the rest. (Fill::special plants by the tensor's size.)
TEST(Fill, AnElementDependsOnSeedAndIndexAlone) {
  for (const Fill fill : {Fill::normal, Fill::offset, Fill::small, Fill::exact, Fill::adversarial}) {
    const FillRange range{.moves_with_offset = true};
    EXPECT_TRUE(equal(filled(DType::f32, fill, range, 3, 1000), filled(DType::f32, fill, range, 3, 17), 17))
        << name_of(fill);
  }
}

TEST(Fill, NormalHasItsMeanAndDeviation) {
  for (const DType dtype : kFloating) {
    const Sample sample = measure(filled(dtype, Fill::normal, {.mean = 3.0, .deviation = 0.5}, 11));
    EXPECT_NEAR(sample.mean, 3.0, 5 * 0.5 / std::sqrt(20000.0)) << name_of(dtype);
    EXPECT_NEAR(sample.deviation, 0.5, 0.02) << name_of(dtype);
    EXPECT_LE(sample.largest, 3.0 + 3.5 * 0.5);
  }
}

// Full mantissas: numbers that end in zeros would hide roundings.
TEST(Fill, NormalUsesTheWholeMantissa) {
  const Values values = filled(DType::f32, Fill::normal, {}, 2);
  std::int64_t odd = 0;
  for (std::int64_t i = 0; i < values.count(); ++i) odd += std::bit_cast<std::uint32_t>(values.floats()[i]) & 1u;
  EXPECT_NEAR(static_cast<double>(odd) / 20000, 0.5, 0.05);
}

TEST(Fill, EveryPrecisionSeesTheSameNumbers) {
  const FillRange range{.mean = 1.0, .deviation = 0.3, .moves_with_offset = true};
  for (const Fill fill : {Fill::normal, Fill::offset, Fill::small, Fill::exact, Fill::adversarial}) {
    const Values wide = filled(DType::f64, fill, range, 5), narrow = filled(DType::f32, fill, range, 5);
    EXPECT_TRUE(equal(wide.rounded_to(DType::f32), narrow, 20000)) << name_of(fill);
    EXPECT_TRUE(equal(narrow.rounded_to(DType::bf16), filled(DType::bf16, fill, range, 5), 20000)) << name_of(fill);
  }
}

TEST(Fill, OffsetMovesActivationsAndNothingElse) {
  EXPECT_NEAR(measure(filled(DType::f32, Fill::offset, {.deviation = 2.0, .moves_with_offset = true}, 1)).mean, 2000,
              0.2);
  EXPECT_NEAR(measure(filled(DType::f32, Fill::offset, {}, 1)).mean, 0, 0.05);
}

TEST(Fill, SmallShrinksActivationsAndNothingElse) {
  const Sample sample = measure(filled(DType::f32, Fill::small, {.mean = 5.0, .moves_with_offset = true}, 1));
  EXPECT_NEAR(sample.mean, 0, 0.001);
  EXPECT_NEAR(sample.deviation, 0x1p-8, 0x1p-12);
  EXPECT_NEAR(measure(filled(DType::f32, Fill::small, {.mean = 5.0}, 1)).mean, 5, 0.05);
}

TEST(Fill, ExactDrawsEveryIntegerWithinTheLimit) {
  for (const bool positive : {false, true}) {
    const Values values = filled(DType::bf16, Fill::exact, {.exact_limit = 5, .positive = positive}, 4);
    std::vector<int> seen(11, 0);
    for (std::int64_t i = 0; i < values.count(); ++i) {
      ASSERT_EQ(values[i], std::nearbyint(values[i]));
      ASSERT_TRUE(values[i] >= (positive ? 1 : -5) && values[i] <= 5) << values[i];
      ++seen[static_cast<std::size_t>(values[i] + 5)];
    }
    for (int integer = positive ? 1 : -5; integer <= 5; ++integer)
      EXPECT_GT(seen[static_cast<std::size_t>(integer + 5)], 0);
  }
}

TEST(Fill, PositiveTensorsHaveNoZeroAndNothingNegative) {
  for (const Fill fill : {Fill::normal, Fill::offset, Fill::small, Fill::exact, Fill::adversarial}) {
    const Values values = filled(DType::f32, fill, {.moves_with_offset = true, .positive = true}, 9);
    for (std::int64_t i = 0; i < values.count(); ++i) ASSERT_GE(values[i], 0.1f) << name_of(fill);
  }
}

TEST(Fill, AdversarialCancelsTiesAndReachesItsEdges) {
  const Values values = filled(DType::f32, Fill::adversarial, {.adversarial_limit = 50.0}, 6);
  int cancelling = 0, ties = 0, zeros = 0, edges = 0;
  for (std::int64_t i = 0; i + 1 < values.count(); i += 2) {
    const double a = values[i], b = values[i + 1];
    ASSERT_TRUE(std::abs(a) <= 50 && std::abs(b) <= 50);
    cancelling += a == -b && std::abs(a) < 50;
    ties += a == b;
    zeros += b == 0;
    edges += std::abs(a) == 50;
  }
  for (const int count : {cancelling, ties, zeros, edges}) EXPECT_GT(count, 500);
}

TEST(Fill, SpecialPlantsEveryKindWhereItIsTaken) {
  for (const DType dtype : kFloating) {
    const Values values = filled(dtype, Fill::special, {.takes_special = true}, 12);
    int nan = 0, positive = 0, negative = 0, minus_zero = 0, subnormal = 0;
    for (std::int64_t i = 0; i < values.count(); ++i) {
      const double value = values[i];
      nan += std::isnan(value);
      positive += value == INFINITY;
      negative += value == -INFINITY;
      minus_zero += value == 0 && std::signbit(value);
      subnormal += value != 0 && std::abs(value) == 6 * underflow_error(dtype);
    }
    for (const int count : {nan, positive, negative, minus_zero, subnormal}) EXPECT_GT(count, 0) << name_of(dtype);
    const Values untouched = filled(dtype, Fill::special, {}, 12);
    for (std::int64_t i = 0; i < untouched.count(); ++i) ASSERT_TRUE(std::isfinite(untouched[i]));
  }
}

TEST(Fill, EvenATensorOfOneElementGetsASpecialValue) {
  bool always = true;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const double value = filled(DType::f32, Fill::special, {.mean = 10.0, .takes_special = true}, seed, 1)[0];
    always = always && !(value > 1 && std::isfinite(value));
  }
  EXPECT_TRUE(always);
  EXPECT_NO_THROW(filled(DType::f32, Fill::special, {.takes_special = true}, 1, 0));
}

TEST(Fill, IntegersLieInTheirRangeAndReachItsEnds) {
  for (const Fill fill : kDrawn) {
    const Values values = filled(DType::i64, fill, {.low = -2, .high = 4}, 21);
    std::vector<int> seen(7, 0);
    for (std::int64_t i = 0; i < values.count(); ++i) {
      ASSERT_TRUE(values[i] >= -2 && values[i] <= 4) << name_of(fill) << " " << values[i];
      ++seen[static_cast<std::size_t>(values[i] + 2)];
    }
    for (const int count : seen) EXPECT_GT(count, 500) << name_of(fill);
    const int most = *std::max_element(seen.begin(), seen.end());
    if (fill == Fill::adversarial)
      EXPECT_GT(most, 9000) << "no ties";
    else
      EXPECT_LT(most, 3200) << name_of(fill) << " is uneven";
  }
}

TEST(Fill, ASentinelIsOneIntegerInEight) {
  for (const Fill fill : {Fill::normal, Fill::adversarial}) {
    const Values values = filled(DType::i64, fill, {.low = 0, .high = 9, .sentinel = -100}, 22);
    int sentinels = 0;
    for (std::int64_t i = 0; i < values.count(); ++i) {
      ASSERT_TRUE(values[i] == -100 || (values[i] >= 0 && values[i] <= 9));
      sentinels += values[i] == -100;
    }
    EXPECT_NEAR(sentinels, 2500, 250) << name_of(fill);
  }
}

TEST(Fill, ARangeWithoutIntegersIsAnErrorWhereSomeAreAsked) {
  EXPECT_THROW(filled(DType::i64, Fill::normal, {.low = 0, .high = -1}, 1, 3), Error);
  EXPECT_NO_THROW(filled(DType::i64, Fill::normal, {.low = 0, .high = -1}, 1, 0));
}

TEST(Fill, ImagesComeFromTheSourceAndSayWhereItIsMissing) {
  set_image_source({});
  EXPECT_FALSE(has_image_source());
  try {
    filled(DType::f32, Fill::images, {.takes_special = true}, 1);
    FAIL() << "filled without a source";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("dataset-fashion-mnist"), std::string::npos);
  }
  set_image_source([](float* pixels, std::int64_t count, std::uint64_t seed) {
    for (std::int64_t i = 0; i < count; ++i) pixels[i] = static_cast<float>(seed) * 0.25f;
  });
  EXPECT_EQ(filled(DType::f32, Fill::images, {.takes_special = true}, 3)[5], 0.75);
  EXPECT_NEAR(measure(filled(DType::f32, Fill::images, {}, 3)).mean, 0, 0.05) << "weights stay normal";
  set_image_source({});
}

}  // namespace
}  // namespace lockstep
