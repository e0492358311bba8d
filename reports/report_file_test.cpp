// SPDX-License-Identifier: Apache-2.0
#include "reports/report_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "harness/data/error.hpp"
#include "harness/data/testing/temporary_folder.hpp"
#include "reports/testing/synthetic_report.hpp"

namespace lockstep::reports {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ReportFile : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::string& text) const {
    const std::filesystem::path path = folder_ / "report.json";
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  // The one line that reading this text gives.
  std::string message_for(const std::string& text) const {
    try {
      read_report(write(text));
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
      return error.what();
    }
    ADD_FAILURE() << "was read without an error";
    return "";
  }

  std::string message_after(const std::function<void(Json&)>& breaks) const {
    Json document = to_json(synthetic_report({.cases = 60}));
    breaks(document);
    return message_for(document.dump());
  }

  const lockstep::testing::TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
};

TEST_F(ReportFile, ComesBackAsItWas) {
  for (const bool gpu : {false, true}) {
    const Report report = synthetic_report({.cases = 2000, .failing = !gpu, .gpu = gpu});
    write_report(folder_ / "report.json", report);
    const Report back = read_report(folder_ / "report.json");
    ASSERT_EQ(back.cases.size(), report.cases.size());
    ASSERT_GT(back.measurements.size(), 0u);
    EXPECT_EQ(to_json(back).dump(), to_json(report).dump());
    // What JSON cannot hold itself: 64-bit seeds beyond 2^53 and numbers that are not finite.
    for (std::size_t i = 0; i < report.cases.size(); ++i) {
      ASSERT_EQ(back.cases[i].seed, report.cases[i].seed);
      if (!report.cases[i].failure) continue;
      ASSERT_EQ(back.cases[i].failure->got, std::numeric_limits<double>::infinity());
      ASSERT_TRUE(std::isnan(back.cases[i].failure->map->cells[5]));
    }
  }
}

TEST_F(ReportFile, KeepsEveryKindOfNonFiniteNumber) {
  Report report = synthetic_report({.cases = 20});
  report.cases.resize(3);
  for (std::size_t i = 0; i < 3; ++i) {
    const double value = std::array{std::nan(""), HUGE_VAL, -HUGE_VAL}[i];
    report.cases[i].failure = Failure{.expected = value, .got = value};
  }
  const Report back = from_json(to_json(report), "report");
  EXPECT_TRUE(std::isnan(back.cases[0].failure->expected));
  EXPECT_EQ(back.cases[1].failure->expected, HUGE_VAL);
  EXPECT_EQ(back.cases[2].failure->got, -HUGE_VAL);
}

TEST_F(ReportFile, IsAGoogleBenchmarkFile) {
  const Report report = synthetic_report({.cases = 2000});
  ASSERT_FALSE(report.measurements.empty());
  const Json document = to_json(report);
  EXPECT_EQ(document["context"]["num_cpus"], 2);
  std::size_t rows = 0;
  for (const Measurement& measurement : report.measurements) rows += measurement.samples_seconds.size();
  ASSERT_EQ(document["benchmarks"].size(), rows);
  const Json& row = document["benchmarks"][1];
  EXPECT_EQ(row["name"], report.measurements[0].id);
  EXPECT_EQ(row["run_type"], "iteration");
  EXPECT_EQ(row["repetition_index"], 1);
  EXPECT_EQ(row["repetitions"], 14);
  EXPECT_DOUBLE_EQ(row["real_time"].get<double>(), report.measurements[0].samples_seconds[1] * 1e9);
}

TEST_F(ReportFile, SurvivesNamesThatAreNoText) {
  write_report(folder_ / "report.json", synthetic_report({.cases = 60, .hostile = true}));
  EXPECT_EQ(read_report(folder_ / "report.json").cases.size(), 60u);
}

TEST_F(ReportFile, SaysWhatIsWrongWithAFile) {
  EXPECT_THROW(
      {
        try {
          read_report(folder_ / "absent.json");
        } catch (const Error& error) {
          EXPECT_THAT(error.what(), HasSubstr("absent.json: no such report"));
          throw;
        }
      },
      Error);
  EXPECT_THAT(message_for(""), HasSubstr("is empty"));
  EXPECT_THAT(message_for(" \n"), HasSubstr("is empty"));
  EXPECT_THAT(message_for("{\"lockstep\": oops}"), AllOf(HasSubstr("is not JSON"), Not(HasSubstr("cut off"))));
  const std::string whole = to_json(synthetic_report({.cases = 20})).dump();
  for (const std::size_t length : {std::size_t{1}, whole.size() / 3, whole.size() / 2, whole.size() - 1}) {
    EXPECT_THAT(message_for(whole.substr(0, length)), HasSubstr("cut off")) << length;
  }
  EXPECT_THROW(read_report(folder_), Error);
}

TEST_F(ReportFile, RefusesAnotherFormatOrVersion) {
  EXPECT_THAT(message_for("{\"context\": {}, \"benchmarks\": []}"), HasSubstr("is not a Lockstep report"));
  EXPECT_THAT(message_for("[1]"), HasSubstr("is not a Lockstep report"));
  EXPECT_THAT(message_after([](Json& document) { document["lockstep"]["version"] = 7; }),
              HasSubstr("is version 7; accepted: version 1"));
  EXPECT_THAT(message_after([](Json& document) { document["lockstep"]["version"] = "new"; }),
              HasSubstr("is version unknown"));
}

TEST_F(ReportFile, NamesTheMemberThatIsWrong) {
  EXPECT_THAT(message_after([](Json& document) { document["cases"][3]["outcome"] = "fine"; }),
              HasSubstr("cases[3].outcome: \"fine\" is none of passed, failed"));
  EXPECT_THAT(message_after([](Json& document) { document["cases"][4]["seed"] = -1; }), HasSubstr("cases[4].seed"));
  EXPECT_THAT(message_after([](Json& document) { document["run"]["seconds"] = "long"; }),
              HasSubstr("run.seconds: expected a number or null, found string"));
  EXPECT_THAT(message_after([](Json& document) { document["environment"].erase("cores"); }),
              HasSubstr("environment.cores is missing"));
  EXPECT_THAT(message_after([](Json& document) { document["environment"]["cores"] = 99999999999; }),
              HasSubstr("environment.cores: expected an integer in range"));
  EXPECT_THAT(message_after([](Json& document) { document["cases"] = 5; }), HasSubstr("cases: expected an array"));
  EXPECT_THAT(message_after([](Json& document) { document["environment"]["libraries"]["x"] = 1; }),
              HasSubstr("environment.libraries.x: expected text"));
  EXPECT_THAT(message_after([](Json& document) {
                for (Json& entry : document["cases"]) {
                  if (!entry["failure"].is_null()) entry["failure"]["map"]["rows"] = 3;
                }
                document["cases"][0]["failure"] = {
                    {"output", ""},         {"index", Json::array()},
                    {"expected", 1},        {"got", 1},
                    {"error_in_bounds", 1}, {"gate", ""},
                    {"message", ""},        {"rerun", ""},
                    {"dump", ""},           {"map", {{"rows", 2}, {"columns", 2}, {"cells", {1, 2, 3}}}}};
              }),
              HasSubstr("cases[0].failure.map: cells must hold rows * columns numbers, found 3"));
}

TEST_F(ReportFile, IgnoresMembersOfALaterForm) {
  Json document = to_json(synthetic_report({.cases = 20}));
  document["projection"] = Json::array();
  document["cases"][0]["colour"] = "blue";
  EXPECT_EQ(from_json(document, "report").cases.size(), 20u);
}

TEST_F(ReportFile, LeavesTheOldReportWhenItCannotWrite) {
  const Report report = synthetic_report({.cases = 20});
  EXPECT_THROW(write_report(folder_ / "no" / "such" / "report.json", report), Error);
  write("old");
  std::filesystem::create_directory(folder_ / "taken.json");
  EXPECT_THROW(write_report(folder_ / "taken.json", report), Error);
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    EXPECT_THAT(entry.path().string(), Not(HasSubstr(".part")));
  }
}

}  // namespace
}  // namespace lockstep::reports
