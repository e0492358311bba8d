// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/shrink.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "harness/plan/finding.hpp"
#include "harness/plan/simpler_problems.hpp"
#include "harness/plan/testing/scaled_sum.hpp"

namespace lockstep {
namespace {

using ::testing::Contains;
using ::testing::StartsWith;

const testing::ScaledSumOperator kOperator;

/// Judges problems under a planted fault and shrinks to those with the finding of the first.
class Shrinking {
 public:
  explicit Shrinking(testing::Afterwards fault)
      : implementations_{testing::spoiled_reference(kOperator, Direction::forward, fault),
                         testing::spoiled_reference(kOperator, Direction::backward, fault)} {}

  CaseResult judge(const Problem& problem) const {
    const auto device = make_host_device(DeviceKind::cpu);
    const Implementation& implementation = implementations_[problem.direction == Direction::forward ? 0 : 1];
    return verify_case({&kOperator, &implementation, {problem, "smoke", "test"}}, *device, {});
  }
  Shrunk from(const std::string& label, const std::string& direction = "forward", ShrinkBudget budget = {}) const {
    const Problem failing = parse_problem("scaled_sum." + direction, label);
    const std::string finding = finding_of(judge(failing));
    EXPECT_NE(finding, "") << label;
    return shrink(
        kOperator, failing, [&](const Problem& problem) { return finding_of(judge(problem)) == finding; }, budget);
  }
  std::string smallest(const std::string& label, const std::string& direction = "forward") const {
    const Shrunk shrunk = from(label, direction, {.seconds = 60});
    EXPECT_TRUE(shrunk.reproduced) << label;
    EXPECT_TRUE(shrunk.complete) << label;
    return shrunk.problem.label();
  }

 private:
  Implementation implementations_[2];
};

void poison_last_element_of(const TensorView& view) {
  view.as<std::uint32_t>()[view.count() - 1] = 0xffffffffu;  // what GuardedTensor leaves where nobody writes
}

TEST(Shrink, FindsTheResidueOfATail) {
  const Shrinking tail([](const Tensors& t, int launch) {
    if (launch == 0 && t.inputs[0].count() % 32 == 7) poison_last_element_of(t.outputs[1]);
  });
  for (const char* label : {"x=1031,dtype=f32", "x=3x13x1,scale=3,dtype=f32,layout=unaligned,fill=special",
                            "x=5x3x9,dtype=f32,fill=offset", "x=71x1,scale=0.125,dtype=f32"})
    EXPECT_EQ(tail.smallest(label), "x=7,data=x.zero,dtype=f32,fill=exact") << label;
}

TEST(Shrink, FindsTheTileEdge) {
  const Shrinking edge([](const Tensors& t, int) {
    if (t.inputs[0].shape.back() > 64) t.outputs[0].as<float>()[0] += 1;
  });
  EXPECT_EQ(edge.smallest("x=6x300,dtype=f32"), "x=65,data=x.zero,dtype=f32,fill=exact");
  EXPECT_EQ(edge.smallest("x=2x3x65,scale=5,dtype=f32,fill=adversarial"), "x=65,data=x.zero,dtype=f32,fill=exact");
}

TEST(Shrink, KeepsWhatTheFaultNeeds) {
  // Wrong on views with gaps, and only with the parameter: neither goes away. One row has no gap.
  const Shrinking strided([](const Tensors& t, int) {
    if (!t.outputs[1].is_contiguous()) t.outputs[1].as<float>()[0] += 1;
  });
  EXPECT_EQ(strided.smallest("x=4x5x6,scale=3,dtype=f32,layout=strided"),
            "x=1x1,data=x.zero,dtype=f32,layout=strided,fill=exact");
  const Shrinking ones([](const Tensors& t, int) {
    for (std::int64_t i = 0; i < t.inputs[0].count(); ++i)
      if (std::isnan(t.inputs[0].as<float>()[i])) t.outputs[1].as<float>()[0] = 0;
  });
  // Of special values alone there is a NaN, and it has to stay; so does its finding.
  EXPECT_EQ(ones.from("x=40x40,dtype=f32,fill=special").problem.fill, Fill::special);
}

TEST(Shrink, FindsTheElementThatMatters) {
  const Shrinking large([](const Tensors& t, int) {
    if (t.inputs[0].count() > 5 && std::abs(t.inputs[0].as<float>()[5]) > 0.01f) t.outputs[0].as<float>()[0] += 1;
  });
  EXPECT_EQ(large.smallest("x=4x9,dtype=f32"), "x=6,data=x.one,dtype=f32,fill=exact");
  const Shrinking fraction([](const Tensors& t, int) {
    const float value = t.inputs[0].count() > 5 ? t.inputs[0].as<float>()[5] : 0;
    if (std::trunc(value) != value) t.outputs[0].as<float>()[0] += 1;
  });
  EXPECT_EQ(fraction.smallest("x=4x9,dtype=f32"), "x=6,data=x.zero.d5,dtype=f32");
}

TEST(Shrink, EmptyProblemsStayEmpty) {
  const Shrinking empty([](const Tensors& t, int) {
    if (t.inputs[0].count() == 0) throw std::runtime_error("an empty tensor at 0x1234");
  });
  EXPECT_EQ(empty.smallest("x=5x0x3,scale=4,dtype=f32"), "x=0,dtype=f32,fill=exact");
}

TEST(Shrink, ADifferentFindingIsNotTheSame) {
  // Large tensors are written behind, small ones are merely wrong: the search must not slip from one to the other.
  const Shrinking both([](const Tensors& t, int) {
    if (t.outputs[1].count() >= 10)
      t.outputs[1].as<float>()[t.outputs[1].count()] = 1;
    else
      t.outputs[1].as<float>()[0] += 1;
  });
  EXPECT_EQ(both.smallest("x=4x9,dtype=f32"), "x=10,data=x.zero,dtype=f32,fill=exact");
}

TEST(Shrink, ShrinksBackwardsWithTheirGradients) {
  const Shrinking wrong([](const Tensors& t, int) {
    if (t.outputs[0].count() > 2) t.outputs[0].as<float>()[2] += 1;
  });
  EXPECT_EQ(wrong.smallest("x=4x9,scale=7,dtype=f32,fill=adversarial", "backward"),
            "x=3,data=x.zero+g_y.zero+g_z.zero,dtype=f32,fill=exact");
}

TEST(Shrink, WhatDoesNotFailAgainIsGivenBack) {
  const Shrinking right({});
  const Problem problem = testing::scaled_sum_problem({4, 9});
  const Shrunk shrunk = shrink(kOperator, problem, [](const Problem&) { return false; }, {});
  EXPECT_FALSE(shrunk.reproduced);
  EXPECT_FALSE(shrunk.complete);
  EXPECT_EQ(shrunk.trials, 1);
  EXPECT_EQ(shrunk.problem.label(), problem.label());
}

TEST(Shrink, EndsWithItsBudget) {
  int asked = 0;
  const Problem problem = testing::scaled_sum_problem({4000, 900});
  const auto always = [&](const Problem&) {
    ++asked;
    return true;
  };
  const Shrunk few = shrink(kOperator, problem, always, {.seconds = 60, .trials = 3});
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(few.trials, 3);
  EXPECT_FALSE(few.complete);
  EXPECT_LT(complexity_of(kOperator, few.problem), complexity_of(kOperator, problem));
  const Shrunk stopped = shrink(kOperator, problem, always, {.stop = [&asked] { return asked >= 5; }});
  EXPECT_EQ(stopped.trials, 2);
  const Shrunk all = shrink(kOperator, problem, always, {.seconds = 60});
  EXPECT_TRUE(all.complete);
  EXPECT_THAT(all.problem.label(), StartsWith("x=1,data=x.zero"));
}

TEST(Shrink, IsTheSameEveryTime) {
  const Shrinking tail([](const Tensors& t, int) {
    if (t.inputs[0].count() % 32 > 20) t.outputs[0].as<float>()[0] += 1;
  });
  const Shrunk first = tail.from("x=9x60,dtype=f32"), second = tail.from("x=9x60,dtype=f32");
  EXPECT_EQ(first.problem.label(), second.problem.label());
  EXPECT_EQ(first.trials, second.trials);
}

TEST(SimplerProblems, ExtentsGoToTileEdges) {
  const std::vector<std::int64_t> below = smaller_extents(1031);
  for (const std::int64_t edge : {1, 7, 31, 32, 33, 515, 1030}) EXPECT_THAT(below, Contains(edge));
  EXPECT_TRUE(smaller_extents(1).empty());
  EXPECT_EQ(smaller_extents(2), std::vector<std::int64_t>{1});
}

}  // namespace
}  // namespace lockstep
