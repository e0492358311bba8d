// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/case.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/plan/testing/scaled_sum.hpp"

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const testing::ScaledSumOperator kOperator;

/// A second operator of another name: what Catalogue does over several.
class OtherOperator final : public testing::ScaledSumOperator {
 public:
  std::string_view name() const override { return "other"; }
};
const OtherOperator kOther;

Implementation named(std::string idea, Direction direction) {
  return testing::spoiled_reference(kOperator, direction, {}, std::move(idea));
}

/// scaled_sum with two forward implementations and one backward, other with one; two problems in smoke, one in edges.
Catalogue catalogue() {
  const auto listed = [](const char* operation, const char* label, const char* set) {
    return ListedProblem{parse_problem(operation, label), set, "test"};
  };
  std::vector<Catalogued> operators;
  operators.push_back(
      {&kOperator,
       {named("fast", Direction::forward), named("back", Direction::backward), named("slow", Direction::forward)},
       {listed("scaled_sum.forward", "x=2x3", "smoke"), listed("scaled_sum.forward", "x=31", "edges"),
        listed("scaled_sum.backward", "x=2x3", "smoke")}});
  operators.push_back({&kOther, {named("fast", Direction::forward)}, {listed("other.forward", "x=4", "smoke")}});
  return Catalogue(std::move(operators));
}

std::vector<std::string> ids(const std::vector<Case>& cases) {
  std::vector<std::string> ids;
  for (const Case& item : cases) ids.push_back(item.id());
  return ids;
}

std::string message_of(const Catalogue& catalogue, std::string_view id) {
  try {
    catalogue.parse_case(id);
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing thrown";
}

TEST(Catalogue, CasesComeInItsOrderWithMatchingDirections) {
  const Catalogue all = catalogue();
  const std::vector<std::string> smoke{"smoke"}, both{"edges", "smoke"}, unknown{"models"};
  EXPECT_THAT(
      ids(all.cases(smoke)),
      ElementsAre("scaled_sum.forward/cuda.fast/x=2x3,dtype=f32", "scaled_sum.forward/cuda.slow/x=2x3,dtype=f32",
                  "scaled_sum.backward/cuda.back/x=2x3,dtype=f32", "other.forward/cuda.fast/x=4,dtype=f32"));
  EXPECT_THAT(
      ids(all.cases(both)),
      ElementsAre("scaled_sum.forward/cuda.fast/x=2x3,dtype=f32", "scaled_sum.forward/cuda.slow/x=2x3,dtype=f32",
                  "scaled_sum.forward/cuda.fast/x=31,dtype=f32", "scaled_sum.forward/cuda.slow/x=31,dtype=f32",
                  "scaled_sum.backward/cuda.back/x=2x3,dtype=f32", "other.forward/cuda.fast/x=4,dtype=f32"));
  EXPECT_THAT(all.cases(unknown), IsEmpty());
}

TEST(Catalogue, EveryIdReadsBackAsItsCase) {
  const Catalogue all = catalogue();
  const std::vector<std::string> sets{"smoke", "edges"};
  for (const Case& item : all.cases(sets)) {
    const Case again = all.parse_case(item.id());
    EXPECT_EQ(again.id(), item.id());
    EXPECT_EQ(again.definition, item.definition);
    EXPECT_EQ(again.implementation, item.implementation);
    EXPECT_EQ(again.listed.set, item.listed.set);
    EXPECT_EQ(again.listed.source, "test");
  }
}

TEST(Catalogue, ProblemsThatNobodyListedAreCasesToo) {
  const Catalogue all = catalogue();
  const Case item = all.parse_case("scaled_sum.backward/cuda.back/x=7x5,scale=3,dtype=f16");
  EXPECT_EQ(item.listed.set, "given");
  EXPECT_EQ(item.problem().shape("x"), (Shape{7, 5}));
  EXPECT_EQ(item.problem().dtype, DType::f16);
  EXPECT_EQ(item.implementation->direction, Direction::backward);
  // x=2x3 is listed in the forward direction as well; the backward one must be found.
  EXPECT_EQ(all.parse_case("scaled_sum.backward/cuda.back/x=2x3").problem().direction, Direction::backward);
}

TEST(Catalogue, ErrorsNameThePartThatDoesNotExistAndWhatDoes) {
  const Catalogue all = catalogue();
  EXPECT_EQ(message_of(all, "scaled_sum.forward"),
            "malformed case 'scaled_sum.forward'; accepted: operator.direction/implementation/problem");
  EXPECT_THAT(message_of(all, "scaled_sum.forward/cuda.fast"), HasSubstr("malformed case"));
  EXPECT_EQ(message_of(all, "nothing.forward/cuda.fast/x=4"),
            "unknown operator 'nothing'; accepted: scaled_sum, other");
  EXPECT_THAT(message_of(all, "scaled_sum/cuda.fast/x=4"), HasSubstr("unknown operation 'scaled_sum'"));
  EXPECT_EQ(message_of(all, "scaled_sum.forward/cuda.back/x=4"),
            "unknown implementation 'cuda.back' of scaled_sum.forward; accepted: cuda.fast, cuda.slow");
  EXPECT_THAT(message_of(all, "scaled_sum.forward/cuda.fast/4"), HasSubstr("malformed problem '4'"));
}

TEST(Catalogue, FindGivesTheOperator) {
  const Catalogue all = catalogue();
  EXPECT_EQ(all.find("other").definition, &kOther);
  EXPECT_THROW(all.find("othe"), Error);
}

TEST(MatchesPattern, Table) {
  struct Row {
    const char *pattern, *text;
    bool expected;
  };
  for (const Row& row : std::vector<Row>{{"", "anything", true},
                                         {"norm", "layer_norm.forward", true},
                                         {"norm", "softmax", false},
                                         {"*", "", true},
                                         {"*", "anything", true},
                                         {"?", "", false},
                                         {"?", "a", true},
                                         {"?", "ab", false},
                                         {"a*", "abc", true},
                                         {"a*", "ba", false},
                                         {"*c", "abc", true},
                                         {"*c", "abcd", false},
                                         {"a*c", "ac", true},
                                         {"a*c", "abcbc", true},
                                         {"a*c", "abcb", false},
                                         {"a?c", "ac", false},
                                         {"*ab*ab*", "xabyabz", true},
                                         {"*ab*ab*", "xabz", false},
                                         {"**a**", "a", true},
                                         {"a*?", "a", false},
                                         {"a*?", "ab", true},
                                         {"*aab", "aaaab", true},
                                         {"relu.*/cuda.*/x=4*", "relu.forward/cuda.fast/x=4x4,dtype=f32", true},
                                         {"relu.*/cuda.*/x=4*", "relu.forward/onednn.relu/x=4x4,dtype=f32", false},
                                         {"a*b", "a*b", true},
                                         {"*x", "*", false}})
    EXPECT_EQ(matches_pattern(row.pattern, row.text), row.expected) << row.pattern << " on " << row.text;
}

}  // namespace
}  // namespace lockstep
