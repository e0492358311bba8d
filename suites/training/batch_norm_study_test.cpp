// SPDX-License-Identifier: Apache-2.0
#include "suites/training/batch_norm_study.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace lockstep {
namespace {

using reports::StudyVerdict;
using ::testing::HasSubstr;

TEST(BatchNormStudy, SeedsAreAddedUntilTheAnswerIsClear) {
  const SeedSearch search{{3, 5, 8}};
  EXPECT_EQ(search.wanted({}), 3);
  EXPECT_EQ(search.wanted({2.0, 2.1, 1.9}), std::nullopt) << "clearly above 0";
  EXPECT_EQ(search.wanted({-2.0, -2.1, -1.9}), std::nullopt) << "clearly below 0";
  EXPECT_EQ(search.wanted({1.0, -1.0, 0.5}), 5);
  EXPECT_EQ(search.wanted({1.0, -1.0, 0.5, 0.2, -0.4}), 8);
  EXPECT_EQ(search.wanted({1, -1, 0.5, 0.2, -0.4, 1, -1, 0}), std::nullopt) << "the limit";
}

TEST(BatchNormStudy, ALookHasItsShareOfTheErrorOnly) {
  // A plain 95 % interval of these excludes 0; one look of three, with a third of the error, does not.
  EXPECT_EQ((SeedSearch{{3, 5, 8}}.wanted({0.66, 1.34, 1.0})), 5);
  EXPECT_EQ((SeedSearch{{3}}.wanted({0.66, 1.34, 1.0})), std::nullopt);
  EXPECT_EQ(verdict_of(mean_interval({0.66, 1.34, 1.0}, 0.05)), StudyVerdict::supported);
  EXPECT_EQ(verdict_of(mean_interval({0.66, 1.34, 1.0}, 0.05 / 3)), StudyVerdict::inconclusive);
}

TEST(BatchNormStudy, VerdictsComeFromTheIntervalAlone) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(verdict_of({1.0, 0.1, 1.9}), StudyVerdict::supported);
  EXPECT_EQ(verdict_of({-1.0, -1.9, -0.1}), StudyVerdict::refuted);
  EXPECT_EQ(verdict_of({0.5, -0.1, 1.1}), StudyVerdict::inconclusive);
  EXPECT_EQ(verdict_of({0.5, nan, nan}), StudyVerdict::inconclusive);
}

TEST(BatchNormStudy, TheSentenceSaysWhatWasFoundWhere) {
  reports::SyncBatchNormStudy study{.data_set = "Fashion-MNIST", .model = "image_conv_net", .ranks = 4};
  EXPECT_THAT(verdict_sentence(study), HasSubstr("nothing is known"));
  study.verdicts.push_back({.images_per_rank = 1,
                            .claim = "",
                            .verdict = StudyVerdict::supported,
                            .low_points = 1.25,
                            .high_points = 3.5,
                            .seeds_used = 6});
  study.verdicts.push_back({.images_per_rank = 8,
                            .claim = "",
                            .verdict = StudyVerdict::inconclusive,
                            .low_points = -0.5,
                            .high_points = 0.25,
                            .seeds_used = 6});
  EXPECT_EQ(
      verdict_sentence(study),
      "On Fashion-MNIST with 4 ranks, synchronised statistics end at a higher accuracy than local ones: supported "
      "at 1 image per rank (+1.25 to +3.50 points, 6 seeds); inconclusive at 8 images per rank (-0.50 to +0.25 "
      "points, 6 seeds).");
}

}  // namespace
}  // namespace lockstep
