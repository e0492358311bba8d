// SPDX-License-Identifier: Apache-2.0
#include "suites/release/edge_problems.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "suites/operators/problems.hpp"

namespace lockstep {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Le;

std::string changed(const std::string& operation, const std::string& label, std::size_t input, std::size_t axis,
                    std::int64_t extent) {
  const Problem problem = parse_problem(operation, label);
  const auto result = with_extent(*catalogue().find(problem.operator_name).definition, problem, input, axis, extent);
  return result ? result->label() : "refused";
}

TEST(EdgeSizes, LieAroundPowersOfTwoAndWarps) {
  EXPECT_THAT(edge_sizes(9), ElementsAre(1, 2, 3, 4, 5, 7, 8, 9));
  const std::vector<std::int64_t> sizes = edge_sizes(1025);
  for (const std::int64_t edge : {8, 16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024})
    for (const std::int64_t size : {edge - 1, edge, edge + 1}) EXPECT_THAT(sizes, Contains(size));
  EXPECT_THAT(sizes, Each(Le(1025)));
  EXPECT_TRUE(std::is_sorted(sizes.begin(), sizes.end()));
}

TEST(EdgeProblems, WhatMustFollowAnExtentDoes) {
  EXPECT_EQ(changed("relu.forward", "x=4x8,dtype=f32", 0, 1, 33), "x=4x33,dtype=f32");
  EXPECT_EQ(changed("linear.forward", "x=4x8,weight=16x8,dtype=f32", 0, 0, 33), "x=33x8,weight=16x8,dtype=f32")
      << "rows are free";
  EXPECT_EQ(changed("linear.forward", "x=4x8,weight=16x8,dtype=f32", 0, 1, 33), "x=4x33,weight=16x33,dtype=f32");
  EXPECT_EQ(changed("layer_norm.forward", "x=4x8,normalized_shape=8,dtype=f32", 0, 1, 33),
            "x=4x33,normalized_shape=33,dtype=f32");
  EXPECT_EQ(changed("add.forward", "a=4x8,b=4x8,dtype=f32", 0, 1, 33), "a=4x33,b=4x33,dtype=f32");
  EXPECT_EQ(changed("channel_shuffle.forward", "x=2x12x3x3,groups=6,dtype=f32", 0, 1, 7), "refused")
      << "no multiple of the groups";
}

TEST(EdgeProblems, EveryOperatorHasBasesAndEdges) {
  for (const Catalogued& entry : catalogue().operators())
    for (const Direction direction : {Direction::forward, Direction::backward}) {
      if (direction == Direction::backward && !entry.definition->has_backward()) continue;
      const std::vector<ListedProblem> bases = base_problems(entry, direction);
      ASSERT_FALSE(bases.empty()) << entry.definition->name();
      EXPECT_LE(bases.size(), 8u);
      const ProblemLimit limit;
      const auto problems = edge_problems(*entry.definition, bases, limit, 129, 4, 1);
      EXPECT_GE(problems.size(), 10u) << entry.definition->name() << "." << name_of(direction);
      std::set<std::string> labels;
      for (const ListedProblem& listed : problems) {
        EXPECT_TRUE(labels.insert(listed.problem.label()).second) << listed.problem.label();
        EXPECT_EQ(listed.problem.direction, direction);
        EXPECT_TRUE(is_within(*entry.definition, listed.problem, limit)) << listed.problem.label();
        EXPECT_EQ(parse_problem(listed.problem.operation(), listed.problem.label()).label(), listed.problem.label());
      }
    }
}

TEST(EdgeProblems, TheSeedDecidesWhatIsDrawn) {
  const Catalogued& entry = catalogue().find("linear");
  const auto bases = base_problems(entry, Direction::forward);
  const auto labels = [&](std::uint64_t seed) {
    std::string all;
    for (const ListedProblem& listed : edge_problems(*entry.definition, bases, {}, 65, 8, seed))
      all += listed.problem.label() + "\n";
    return all;
  };
  EXPECT_EQ(labels(1), labels(1));
  EXPECT_NE(labels(1), labels(2));
}

TEST(HugeProblem, HasATensorBeyondTwoBillionElements) {
  const Catalogued& entry = catalogue().find("relu");
  const auto huge = huge_problem(*entry.definition, base_problems(entry, Direction::forward));
  ASSERT_TRUE(huge);
  EXPECT_GT(element_count(huge->problem.shape("x")), std::int64_t{1} << 31);
  EXPECT_EQ(huge->problem.dtype, DType::f16);
  const MemoryNeed shared = memory_need(*entry.definition, huge->problem, true);
  EXPECT_GT(shared.host_bytes, 16e9);  // values in float, input and output in 16 bits
  EXPECT_LT(shared.host_bytes, 20e9);
  EXPECT_EQ(shared.device_bytes, 0);
  EXPECT_GT(memory_need(*entry.definition, huge->problem, false).device_bytes, 8e9);
}

}  // namespace
}  // namespace lockstep
