// SPDX-License-Identifier: Apache-2.0
#include "suites/collectives/exact_data.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "harness/data/random.hpp"

namespace lockstep {
namespace {

TEST(ExactData, EveryOrderOfSummationGivesTheSameBits) {
  RandomStream random(7);
  for (const DType dtype : {DType::f64, DType::f32, DType::f16, DType::bf16, DType::i64})
    for (const int ranks : {1, 2, 3, 8, kMostExactRanks})
      for (std::int64_t element = 0; element < 200; ++element) {
        std::vector<double> values;
        for (int rank = 0; rank < ranks; ++rank) values.push_back(exact_value(3, rank, ranks, element, dtype));
        for (const double value : values) ASSERT_EQ(round_to(dtype, value), value);
        for (int order = 0; order < 5; ++order) {
          for (std::size_t i = values.size(); i > 1; --i)
            std::swap(values[i - 1], values[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(i)))]);
          double sum = values[0];
          for (std::size_t i = 1; i < values.size(); ++i) sum = round_to(dtype, sum + values[i]);
          ASSERT_EQ(sum, exact_reduction(Reduction::sum, 3, ranks, element, dtype)) << name_of(dtype) << ' ' << ranks;
          ASSERT_NE(sum, 0.0);
        }
      }
}

TEST(ExactData, DependsOnSeedRankAndElement) {
  const double value = exact_value(1, 0, 4, 5, DType::f64);
  EXPECT_NE(value, exact_value(2, 0, 4, 5, DType::f64));
  EXPECT_NE(value, exact_value(1, 1, 4, 5, DType::f64));
  EXPECT_NE(value, exact_value(1, 0, 4, 6, DType::f64));
}

TEST(ExactData, ReducesToTheLargestAndTheSmallest) {
  double largest = exact_value(1, 0, 3, 9, DType::f32), smallest = largest;
  for (int rank = 1; rank < 3; ++rank) {
    largest = std::max(largest, exact_value(1, rank, 3, 9, DType::f32));
    smallest = std::min(smallest, exact_value(1, rank, 3, 9, DType::f32));
  }
  EXPECT_EQ(exact_reduction(Reduction::max, 1, 3, 9, DType::f32), largest);
  EXPECT_EQ(exact_reduction(Reduction::min, 1, 3, 9, DType::f32), smallest);
}

TEST(ExactData, StoresAndLoadsEveryType) {
  for (const DType dtype : {DType::f64, DType::f32, DType::f16, DType::bf16, DType::i64, DType::u8}) {
    std::vector<std::byte> memory(3 * size_in_bytes(dtype));
    for (std::int64_t i = 0; i < 3; ++i) store_exact(memory.data(), i, dtype, static_cast<double>(5 * i + 1));
    for (std::int64_t i = 0; i < 3; ++i) EXPECT_EQ(load_exact(memory.data(), i, dtype), static_cast<double>(5 * i + 1));
  }
}

}  // namespace
}  // namespace lockstep
