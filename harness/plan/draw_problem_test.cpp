// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/draw_problem.hpp"

#include <gtest/gtest.h>

#include "harness/plan/testing/scaled_sum.hpp"

namespace lockstep {
namespace {

const testing::ScaledSumOperator kOperator;

Catalogued entry() {
  Catalogued scaled_sum{.definition = &kOperator, .implementations = {}, .problems = {}};
  for (const char* label : {"x=6x40,scale=3,dtype=f32", "x=8,dtype=bf16", "x=2x3x5,dtype=f32,layout=strided"})
    for (const char* direction : {"forward", "backward"})
      scaled_sum.problems.push_back(
          {parse_problem("scaled_sum." + std::string(direction), label), "smoke", "made for the tests"});
  return scaled_sum;
}

TEST(ContractOfAProblem, TellsRefusedFromMalformed) {
  EXPECT_TRUE(contract_of(kOperator, testing::scaled_sum_problem({2, 3})).takes());
  const Contract refused = contract_of(kOperator, testing::scaled_sum_problem({}));
  EXPECT_FALSE(refused.takes());
  EXPECT_FALSE(refused.is_malformed);
  EXPECT_EQ(refused.refusal, "scaled_sum(): x must have at least 1 dimension");
  Problem malformed = testing::scaled_sum_problem({2, 3});
  malformed.parameters.set("scale", "none");
  EXPECT_TRUE(contract_of(kOperator, malformed).is_malformed);
}

TEST(ProblemDrawer, DependsOnSeedAndNumberAlone) {
  const Catalogued scaled_sum = entry();
  const ProblemDrawer drawer(scaled_sum, {});
  std::set<std::string> labels;
  for (std::uint64_t number = 0; number < 200; ++number) {
    const DrawnProblem drawn = drawer.draw(3, number);
    EXPECT_EQ(drawn.problem.label(), ProblemDrawer(scaled_sum, {}).draw(3, number).problem.label());
    labels.insert(drawn.problem.operation() + drawn.problem.label());
  }
  EXPECT_GT(labels.size(), 150u);
  EXPECT_NE(drawer.draw(3, 7).problem.label(), drawer.draw(4, 7).problem.label());
}

TEST(ProblemDrawer, DrawsEdgesLimitsAndWhatIsRefused) {
  const Catalogued scaled_sum = entry();
  const ProblemDrawer drawer(scaled_sum, {{"scale", {"7777"}}}, {.elements = 5000, .operations = 1e6});
  int taken = 0, backward = 0;
  std::set<std::int64_t> extents;
  std::set<std::string> scales, layouts, fills, dtypes;
  for (std::uint64_t number = 0; number < 2000; ++number) {
    const DrawnProblem drawn = drawer.draw(1, number);
    const Contract contract = contract_of(kOperator, drawn.problem);
    EXPECT_EQ(contract.refusal, drawn.contract.refusal);
    EXPECT_TRUE(contract_of(kOperator, drawn.origin).takes());
    const Problem read = parse_problem(drawn.problem.operation(), drawn.problem.label());
    EXPECT_EQ(read.label(), drawn.problem.label());
    taken += contract.takes() ? 1 : 0;
    backward += drawn.problem.direction == Direction::backward ? 1 : 0;
    std::int64_t elements = 1;
    for (const std::int64_t extent : drawn.problem.shape("x")) {
      extents.insert(extent);
      elements *= extent;
    }
    EXPECT_LE(elements, 5000);
    scales.insert(drawn.problem.parameters.text("scale", ""));
    layouts.emplace(name_of(drawn.problem.layout));
    fills.emplace(name_of(drawn.problem.fill));
    dtypes.emplace(name_of(drawn.problem.dtype));
  }
  EXPECT_GT(taken, 1300);
  EXPECT_LT(taken, 1990);  // hardly anything is refused here: only a scalar, and what cannot be read
  EXPECT_GT(backward, 500);
  for (const std::int64_t edge : {0, 1, 2, 7, 31, 32, 33, 63, 64, 65, 127, 129, 255, 257, 511, 513})
    EXPECT_TRUE(extents.contains(edge)) << edge;
  for (const char* scale : {"", "3", "7777", "0", "_1"}) EXPECT_TRUE(scales.contains(scale)) << scale;
  EXPECT_EQ(layouts.size(), 4u);
  EXPECT_GE(fills.size(), 3u);
  EXPECT_EQ(dtypes, (std::set<std::string>{"bf16", "f32"}));
}

TEST(ProblemDrawer, FindsATileEdgeWithinSomeHundredProblems) {
  const Catalogued scaled_sum = entry();
  const ProblemDrawer drawer(scaled_sum, {});
  for (const std::int64_t edge : {31, 33, 65, 129}) {
    std::uint64_t number = 0;
    const auto ends_at_edge = [&](const Problem& problem) {
      const Shape& shape = problem.shape("x");
      return !shape.empty() && shape.back() == edge && element_count(shape) > 0;
    };
    while (number < 600 && !ends_at_edge(drawer.draw(1, number).problem)) ++number;
    EXPECT_LT(number, 600u) << edge;
  }
}

TEST(ProblemDrawer, CannotDrawWithoutASmallProblem) {
  const Catalogued scaled_sum = entry();
  EXPECT_FALSE(ProblemDrawer(scaled_sum, {}, {.elements = 3}).can_draw());
  EXPECT_TRUE(ProblemDrawer(scaled_sum, {}).can_draw());
}

}  // namespace
}  // namespace lockstep
