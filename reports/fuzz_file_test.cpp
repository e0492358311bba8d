// SPDX-License-Identifier: Apache-2.0
#include "reports/fuzz_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "reports/json_file.hpp"
#include "reports/schema_check.hpp"
#include "reports/testing/synthetic_report.hpp"

namespace lockstep::reports {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

Json document() {
  Report report = synthetic_report({.cases = 4});
  report.fuzzing = synthetic_fuzzing();
  return Json::parse(json_file_text(to_json(report)));  // as in the file: one name is no UTF-8
}

TEST(FuzzFile, ComesBackAsItWas) {
  const Report back = from_json(document(), "report.json");
  EXPECT_EQ(to_json(back).dump(), document().dump());
  EXPECT_EQ(back.fuzzing.problems(), 100);
  EXPECT_EQ(back.fuzzing.by_contract("accepted"), 84);
  EXPECT_EQ(back.fuzzing.by_contract("refused"), 12);
  EXPECT_EQ(back.fuzzing.by_contract("malformed"), 4);
  EXPECT_EQ(back.fuzzing.by_contract("failed"), 0);
  EXPECT_THAT(schema_violations(Json::parse(report_schema_text()), document()), IsEmpty());
}

TEST(FuzzFile, IsAbsentWhereNothingWasDrawn) {
  const Json other = to_json(synthetic_report({.cases = 4}));
  EXPECT_FALSE(other.contains("fuzzing"));
  EXPECT_EQ(from_json(other, "report.json").fuzzing.problems(), 0);
}

std::string message_after(const std::function<void(Json&)>& breaks) {
  Json broken = document();
  breaks(broken["fuzzing"]);
  try {
    from_json(broken, "report.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "was read without an error";
}

TEST(FuzzFile, RefusesWhatCannotBe) {
  EXPECT_THAT(message_after([](Json& f) { f["first"] = -1; }), HasSubstr("fuzzing.first"));
  EXPECT_THAT(message_after([](Json& f) { f["rows"][0]["count"] = 0; }), HasSubstr("fuzzing.rows[0].count"));
  EXPECT_THAT(message_after([](Json& f) { f["rows"][0]["verdict"] = "failed"; }),
              HasSubstr("fuzzing.rows[0].verdict: \"failed\" is none of accepted, refused, malformed"));
  EXPECT_THAT(message_after([](Json& f) { f["rows"][3]["verdict"] = "accepted"; }),
              HasSubstr("fuzzing.rows[3].verdict: \"accepted\" is none of unsupported, failed"));
  EXPECT_THAT(message_after([](Json& f) { f["rows"][1].erase("reason"); }), HasSubstr("fuzzing.rows[1]"));
}

}  // namespace
}  // namespace lockstep::reports
