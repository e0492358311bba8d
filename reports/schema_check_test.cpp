// SPDX-License-Identifier: Apache-2.0
#include "reports/schema_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "harness/data/error.hpp"
#include "reports/testing/synthetic_report.hpp"

namespace lockstep::reports {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

Json report_schema() { return Json::parse(report_schema_text()); }

TEST(SchemaCheck, AcceptsEveryReportThatWeWrite) {
  const Json schema = report_schema();
  EXPECT_THAT(schema_violations(schema, to_json(synthetic_report({.cases = 2000}))), IsEmpty());
  EXPECT_THAT(schema_violations(schema, to_json(synthetic_report({.cases = 2000, .failing = false, .gpu = true}))),
              IsEmpty());
  EXPECT_THAT(schema_violations(schema, to_json(Report{})), IsEmpty());
}

TEST(SchemaCheck, RejectsBrokenReports) {
  const Json schema = report_schema();
  const Json good = to_json(synthetic_report({.cases = 2000}));
  const auto violations = [&](const std::function<void(Json&)>& breaks) {
    Json document = good;
    breaks(document);
    return schema_violations(schema, document);
  };
  const auto expect = [&](const std::string& line, const std::function<void(Json&)>& breaks) {
    EXPECT_THAT(violations(breaks), Contains(HasSubstr(line)));
  };
  expect("lockstep.version: must be 1", [](Json& d) { d["lockstep"]["version"] = 2; });
  expect("lacks \"cases\"", [](Json& d) { d.erase("cases"); });
  expect("trainings: is not a known member", [](Json& d) { d["trainings"] = 1; });
  expect("cases[2].outcome: \"okay\" is none of", [](Json& d) { d["cases"][2]["outcome"] = "okay"; });
  expect("cases[2].id: is shorter than 1", [](Json& d) { d["cases"][2]["id"] = ""; });
  expect("cases[2].colour: is not a known member", [](Json& d) { d["cases"][2]["colour"] = 1; });
  expect("cases[2].elements_judged: -5 is below 0", [](Json& d) { d["cases"][2]["elements_judged"] = -5; });
  expect("cases[2].seed: expected [\"integer\"]", [](Json& d) { d["cases"][2]["seed"] = 0.5; });
  expect("cases[2].margins: lacks \"exact\"", [](Json& d) { d["cases"][2]["margins"].erase("exact"); });
  expect("measurements[0].samples_seconds[3]: expected",
         [](Json& d) { d["measurements"][0]["samples_seconds"][3] = "fast"; });
  expect("environment.libraries.oneDNN: expected", [](Json& d) { d["environment"]["libraries"]["oneDNN"] = 2; });
  expect("benchmarks[0].real_time: expected", [](Json& d) { d["benchmarks"][0]["real_time"] = nullptr; });
}

TEST(SchemaCheck, StopsAtTheLimit) {
  Json document = to_json(synthetic_report({.cases = 100}));
  for (Json& entry : document["cases"]) entry["outcome"] = "?";
  EXPECT_EQ(schema_violations(report_schema(), document, 7).size(), 7u);
}

TEST(SchemaCheck, RefusesASchemaThatItCannotCheck) {
  EXPECT_THROW(schema_violations({{"maxLength", 3}}, "text"), Error);
  EXPECT_THROW(schema_violations({{"$ref", "#/$defs/absent"}}, "text"), Error);
  EXPECT_THROW(schema_violations({{"type", "text"}}, "text"), Error);
}

}  // namespace
}  // namespace lockstep::reports
