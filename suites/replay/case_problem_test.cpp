// SPDX-License-Identifier: Apache-2.0
#include "suites/replay/case_problem.hpp"

#include <gmock/gmock.h>

#include "suites/operators/problems.hpp"
#include "suites/replay/testing/case_folder.hpp"

namespace lockstep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using namespace lockstep::testing;

class CaseTranslation : public ::testing::Test {
 protected:
  CaseProblem translate(const std::string& json) {
    write_text(folder() / "case.json", json);
    return translate_case(read_case_description(folder()), catalogue());
  }
  const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

TEST_F(CaseTranslation, AffineFollowsThePresenceOfTheWeight) {
  write_array(folder(), "x", doubles({1, 2}, {1, 2}));
  write_array(folder(), "weight", doubles({2}, {3, 4}));
  CaseProblem item = translate(R"({"op": "layer_norm", "params": {"normalized_shape": [2]}, "inputs": ["x"]})");
  ASSERT_EQ(item.not_served, "");
  EXPECT_FALSE(item.problem.parameters.boolean("affine", true));

  item = translate(R"({"op": "layer_norm", "params": {"normalized_shape": [2]}, "inputs": ["x", "weight"]})");
  EXPECT_TRUE(item.problem.parameters.boolean("affine", false));
  // The bias that PyTorch would leave out is a zero.
  EXPECT_EQ(item.arrays.at("bias")[1], 0.0);
  EXPECT_EQ(*item.problem.find_shape("weight"), Shape{2});
}

TEST_F(CaseTranslation, BatchNormOwnsWhatItsFeaturesSay) {
  write_array(folder(), "x", doubles({2, 2}, {1, 2, 3, 4}));
  CaseProblem item = translate(
      R"({"op": "batch_norm1d", "inputs": ["x"],
          "params": {"num_features": 3, "affine": false, "track_running_stats": true}})");
  EXPECT_EQ(item.problem.operator_name, "batch_norm");
  EXPECT_EQ(item.problem.parameters.integer("dims", 0), 1);
  EXPECT_EQ(*item.problem.find_shape("running_mean"), Shape{3});
  EXPECT_EQ(item.arrays.at("running_var")[2], 1.0);

  item = translate(R"({"op": "batch_norm1d", "params": {}, "inputs": ["x"]})");
  EXPECT_FALSE(item.problem.parameters.boolean("track_running_stats", true));
  EXPECT_FALSE(item.problem.parameters.boolean("affine", true));
}

TEST_F(CaseTranslation, BatchNormNeedsBothRunningStatistics) {
  write_array(folder(), "x", doubles({2, 2}, {1, 2, 3, 4}));
  write_array(folder(), "running_mean", doubles({2}, {0, 0}));
  EXPECT_THAT(error_of([&] { translate(R"({"op": "batch_norm1d", "params": {}, "inputs": ["x", "running_mean"]})"); }),
              HasSubstr("running_mean alone is given"));
}

TEST_F(CaseTranslation, LinearTakesABiasWhereOneIsGiven) {
  write_array(folder(), "x", doubles({1, 2}, {1, 2}));
  write_array(folder(), "weight", doubles({1, 2}, {1, 2}));
  write_array(folder(), "bias", doubles({1}, {1}));
  EXPECT_FALSE(translate(R"({"op": "linear", "params": {}, "inputs": ["x", "weight"]})")
                   .problem.parameters.boolean("bias", true));
  EXPECT_TRUE(translate(R"({"op": "linear", "params": {}, "inputs": ["x", "weight", "bias"]})")
                  .problem.parameters.boolean("bias", false));
}

TEST_F(CaseTranslation, Conv2dTakesPaddingAsAWord) {
  write_array(folder(), "x", doubles({1, 2, 2}, {1, 2, 3, 4}));
  write_array(folder(), "weight", doubles({1, 1, 1, 2}, {1, 2}));
  const CaseProblem item = translate(
      R"({"op": "conv2d", "params": {"padding": "same", "dilation": [1, 2], "stride": 1}, "inputs": ["x", "weight"]})");
  EXPECT_EQ(item.problem.parameters.text("padding", ""), "same");
  EXPECT_EQ(item.problem.parameters.integers("dilation", {}), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(item.problem.parameters.integers("stride", {}), std::vector<std::int64_t>{1});
  EXPECT_FALSE(item.problem.parameters.boolean("bias", true));
}

TEST_F(CaseTranslation, DoesNotServeWhatItDoesNotKnow) {
  EXPECT_THAT(translate(R"({"op": "lstm", "params": {"odd": {"a": 1}}, "inputs": ["absent"]})").not_served,
              AllOf(HasSubstr("does not have the op 'lstm'; accepted: adam"), HasSubstr("softmax")));
  EXPECT_THAT(translate(R"({"op": "softmax", "params": {"dim": 0, "dtype": "float16"}, "inputs": ["x"]})").not_served,
              HasSubstr("with the parameter dtype; accepted: dim"));
  EXPECT_THAT(translate(R"({"op": "relu", "params": {}, "inputs": ["x", "mask"]})").not_served,
              HasSubstr("with the input mask; accepted: x"));
}

TEST_F(CaseTranslation, AnUnknownOpIsAMistake) {
  EXPECT_THAT(error_of([&] { translate(R"({"op": "sofmax", "params": {}, "inputs": ["x"]})"); }),
              AllOf(HasSubstr("unknown op 'sofmax'; accepted: adam"), HasSubstr("softmax")));
}

}  // namespace
}  // namespace lockstep
