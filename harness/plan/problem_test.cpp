// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/problem.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing thrown";
}

TEST(Problem, LabelLeavesDefaultsOut) {
  Problem problem{.operator_name = "layer_norm", .direction = Direction::backward, .shapes = {}, .parameters = {}};
  problem.set_shape("x", {256, 1024});
  problem.parameters.set_integers("normalized_shape", {1024});
  EXPECT_EQ(problem.label(), "x=256x1024,normalized_shape=1024,dtype=f32");
  EXPECT_EQ(problem.operation(), "layer_norm.backward");
  problem.layout = Layout::strided;
  problem.fill = Fill::exact;
  problem.dtype = DType::bf16;
  EXPECT_EQ(problem.label(), "x=256x1024,normalized_shape=1024,dtype=bf16,layout=strided,fill=exact");
}

TEST(Problem, LabelsReadBackAsTheSameProblem) {
  for (const std::string label :
       {"x=16x64x28x28,groups=4,dtype=f32", "x=scalar,dtype=f16",
        "a=3x1,b=1x4,alpha=_0.5,dtype=bf16,layout=channels_last", "x=4x5,weight=7x5,bias=7,dtype=f32",
        "x=4x5,weight=5,bias=scalar,running_mean=5,running_var=5,eps=0.1,dtype=f32",
        "x=0x5,weight=7x5,bias=false,dtype=f64,fill=adversarial",
        "input=2x3,target=2,reduction=none,dtype=f32,layout=unaligned", "dtype=f32", "grad=3x2,momentum=0.9,dtype=f32",
        "grad0=3,grad1=scalar,grad_scale=2,dtype=f32"}) {
    const Problem problem = parse_problem("some_op.backward", label);
    EXPECT_EQ(problem.label(), label);
    EXPECT_EQ(problem.operator_name, "some_op");
    EXPECT_EQ(problem.direction, Direction::backward);
  }
}

TEST(Problem, ParsedPartsAreWhereTheyBelong) {
  const Problem problem = parse_problem("add.forward", "fill=small,layout=strided,a=3x1,b=4,alpha=_0.5,dtype=f16");
  EXPECT_EQ(problem.shape("a"), (Shape{3, 1}));
  EXPECT_EQ(problem.shape("b"), (Shape{4}));
  EXPECT_EQ(problem.find_shape("x"), nullptr);
  EXPECT_EQ(problem.parameters.real("alpha", 0), -0.5);
  EXPECT_EQ(problem.dtype, DType::f16);
  EXPECT_EQ(problem.layout, Layout::strided);
  EXPECT_EQ(problem.fill, Fill::small);
  EXPECT_EQ(problem.direction, Direction::forward);
  // Whatever order the parts came in, the label has one.
  EXPECT_EQ(problem.label(), "a=3x1,b=4,alpha=_0.5,dtype=f16,layout=strided,fill=small");
}

TEST(Problem, WhatIsLeftOutHasItsDefault) {
  const Problem problem = parse_problem("relu.forward", "x=5");
  EXPECT_EQ(problem.dtype, DType::f32);
  EXPECT_EQ(problem.layout, Layout::contiguous);
  EXPECT_EQ(problem.fill, Fill::normal);
  EXPECT_TRUE(problem.parameters.tokens().empty());
  EXPECT_EQ(problem.label(), "x=5,dtype=f32");
}

TEST(Problem, SettingAShapeAgainReplacesIt) {
  Problem problem = parse_problem("relu.forward", "x=5");
  problem.set_shape("x", {2, 3});
  EXPECT_EQ(problem.shape("x"), (Shape{2, 3}));
  EXPECT_EQ(problem.shapes.size(), 1u);
}

// Two problems that differ in a given bias alone must not share an id.
TEST(Problem, AGivenBiasIsPartOfTheLabel) {
  Problem problem = parse_problem("linear.forward", "x=4x5,weight=7x5,bias=true");
  EXPECT_EQ(problem.label(), "x=4x5,weight=7x5,bias=true,dtype=f32");
  problem.set_shape("bias", {6});
  EXPECT_EQ(problem.label(), "x=4x5,weight=7x5,bias=6,dtype=f32");
  problem.parameters.set_boolean("bias", false);
  EXPECT_EQ(problem.label(), "x=4x5,weight=7x5,bias=false,dtype=f32");
}

TEST(Problem, AKeyGivenTwiceIsAnError) {
  for (const char* label : {"x=5,x=6", "x=5,eps=1,eps=1", "x=5,bias=5,bias=false", "x=5,dtype=f32,dtype=f16",
                            "x=5,layout=strided,fill=exact,layout=contiguous"}) {
    const std::string message = message_of([&] { parse_problem("relu.forward", label); });
    EXPECT_THAT(message, HasSubstr("twice; accepted: each key once")) << label;
    EXPECT_THAT(message, HasSubstr(label));
  }
}

TEST(Problem, ErrorsNameThePartThatCannotBeRead) {
  const auto message = [](std::string_view label) { return message_of([&] { parse_problem("relu.forward", label); }); };
  EXPECT_EQ(message("x=5,junk,dtype=f32"),
            "malformed problem 'x=5,junk,dtype=f32' at 'junk'; accepted: key=value joined by "
            "commas");
  EXPECT_THAT(message("x=5,=3"), HasSubstr("at '=3'"));
  EXPECT_THAT(message(""), HasSubstr("at ''"));
  EXPECT_THAT(message("x=5,"), HasSubstr("at ''"));
  EXPECT_THAT(message("x=5x"), HasSubstr("malformed shape '5x'"));
  EXPECT_THAT(message("x="), HasSubstr("malformed shape ''"));
  EXPECT_THAT(message("x=5,dtype=f31"), HasSubstr("f31"));
  EXPECT_THAT(message("x=5,dtype=f31"), HasSubstr("bf16"));
  EXPECT_THAT(message("x=5,layout=rowwise"), HasSubstr("unknown layout 'rowwise'; accepted: contiguous"));
  EXPECT_THAT(message("x=5,fill=zeros"), HasSubstr("unknown fill 'zeros'; accepted: normal"));
  for (const std::string_view label : {"x=5,junk", "x=5x", "dtype=f31", "layout=?", "fill=?"})
    EXPECT_THAT(message(label), Not(HasSubstr("\n")));
}

TEST(Problem, AMissingShapeIsNamed) {
  const Problem problem = parse_problem("linear.forward", "x=5");
  EXPECT_EQ(message_of([&] { problem.shape("weight"); }),
            "linear: the shape of input 'weight' is missing; accepted: weight=16x64");
}

TEST(Problem, OperationsAreSplitAtTheLastDot) {
  EXPECT_EQ(parse_operation("layer_norm.forward"), std::pair(std::string("layer_norm"), Direction::forward));
  EXPECT_EQ(parse_operation("vendor.relu.backward"), std::pair(std::string("vendor.relu"), Direction::backward));
  for (const std::string_view operation : {"layer_norm", "layer_norm.", "layer_norm.sideways", "", "forward"})
    EXPECT_EQ(
        message_of([&] { parse_operation(operation); }),
        "unknown operation '" + std::string(operation) + "'; accepted: <operator>.forward or <operator>.backward");
}

}  // namespace
}  // namespace lockstep
