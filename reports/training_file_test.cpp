// SPDX-License-Identifier: Apache-2.0
#include "reports/training_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "reports/schema_check.hpp"
#include "reports/testing/synthetic_training.hpp"

namespace lockstep::reports {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(TrainingFile, ComesBackAsItWas) {
  const Report report = synthetic_report({.cases = 20});
  const Json document = to_json(report);
  const Report back = from_json(Json::parse(document.dump()), "report.json");
  ASSERT_EQ(back.training.runs.size(), report.training.runs.size());
  EXPECT_EQ(to_json(back).dump(), document.dump());
  // What JSON has no number for.
  const TrainingRun& run = back.training.runs[4];
  EXPECT_EQ(run.agreement->worst_parameter, std::numeric_limits<double>::infinity());
  EXPECT_EQ(run.agreement->diverged_at_step, 0);
  EXPECT_TRUE(std::isnan(run.losses[5]));
  EXPECT_EQ(run.losses[6], std::numeric_limits<double>::infinity());
  EXPECT_EQ(back.training.runs[0].agreement->diverged_at_step, std::nullopt);
  EXPECT_TRUE(std::isnan(back.training.runs[0].collective_calls_per_step));
  EXPECT_EQ(back.training.runs.back().decomposition, std::nullopt);
  EXPECT_EQ(back.training.sync_batch_norm[0].curves[3].group_ranks, 2);
  EXPECT_EQ(back.training.sync_batch_norm[0].verdicts[2].verdict, StudyVerdict::refuted);
}

TEST(TrainingFile, IsEmptyInAReportFromBeforeIt) {
  Json document = to_json(synthetic_report({.cases = 20}));
  document.erase("training");
  EXPECT_THAT(from_json(document, "report.json").training.runs, IsEmpty());
}

std::string message_after(const std::function<void(Json&)>& breaks) {
  Json document = to_json(synthetic_report({.cases = 20}));
  breaks(document["training"]);
  try {
    from_json(document, "report.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "was read without an error";
}

TEST(TrainingFile, RefusesWhatContradictsItself) {
  EXPECT_THAT(message_after([](Json& t) { t["runs"][0]["decomposition"]["step_seconds"] = 0.2; }),
              HasSubstr("training.runs[0].decomposition: phases and residual_seconds sum to 0.09"));
  EXPECT_THAT(message_after([](Json& t) { t["runs"][0]["decomposition"]["residual_seconds"] = nullptr; }),
              HasSubstr("training.runs[0].decomposition: phases and residual_seconds sum to nan"));
  EXPECT_THAT(
      message_after([](Json& t) { t["sync_batch_norm"][0]["curves"][1]["loss_low"].erase(3); }),
      HasSubstr("training.sync_batch_norm[0].curves[1]: the lists by step must hold 21 numbers each, found 20"));
  EXPECT_THAT(message_after([](Json& t) { t["sync_batch_norm"][0]["curves"][1]["seeds"].push_back(9); }),
              HasSubstr("final_accuracies must hold one number for each of the 7 seeds, found 6"));
}

TEST(TrainingFile, NamesTheMemberThatIsWrong) {
  EXPECT_THAT(message_after([](Json& t) { t["runs"][1].erase("mode"); }),
              HasSubstr("training.runs[1].mode is missing"));
  EXPECT_THAT(message_after([](Json& t) { t["runs"][1]["losses"][2] = "low"; }),
              HasSubstr("training.runs[1].losses[2]: \"low\" is none of nan, inf, -inf"));
  EXPECT_THAT(message_after([](Json& t) { t["runs"][3]["timeline"][0]["lane"] = "gpu"; }),
              HasSubstr("training.runs[3].timeline[0].lane: \"gpu\" is none of compute, communication"));
  EXPECT_THAT(message_after([](Json& t) { t["runs"][0]["decomposition"]["phases"][0]["phase"] = "nap"; }),
              HasSubstr("\"nap\" is none of input, forward"));
  EXPECT_THAT(message_after([](Json& t) { t["scaling"][0]["kind"] = "odd"; }), HasSubstr("none of weak, strong"));
}

TEST(TrainingFile, FulfilsItsSchema) {
  const Json schema = Json::parse(report_schema_text());
  const Json good = to_json(synthetic_report({.cases = 20}));
  EXPECT_THAT(schema_violations(schema, good), IsEmpty());
  const auto expect = [&](const std::string& line, const std::function<void(Json&)>& breaks) {
    Json document = good;
    breaks(document["training"]);
    EXPECT_THAT(schema_violations(schema, document), Contains(HasSubstr(line)));
  };
  expect("training: lacks \"scaling\"", [](Json& t) { t.erase("scaling"); });
  expect("training.runs[2].colour: is not a known member", [](Json& t) { t["runs"][2]["colour"] = 1; });
  expect("training.runs[0].losses[1]", [](Json& t) { t["runs"][0]["losses"][1] = "low"; });
  expect("training.runs[0].agreement: lacks \"tolerance\"",
         [](Json& t) { t["runs"][0]["agreement"].erase("tolerance"); });
  expect("training.runs[0].decomposition.phases[0].phase: \"nap\"",
         [](Json& t) { t["runs"][0]["decomposition"]["phases"][0]["phase"] = "nap"; });
  expect("training.collectives[0].bytes: -1 is below 0", [](Json& t) { t["collectives"][0]["bytes"] = -1; });
  expect("training.sync_batch_norm[0].verdicts[0].verdict",
         [](Json& t) { t["sync_batch_norm"][0]["verdicts"][0]["verdict"] = "yes"; });
}

}  // namespace
}  // namespace lockstep::reports
