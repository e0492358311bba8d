// SPDX-License-Identifier: Apache-2.0
#include "reports/release_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "harness/data/error.hpp"
#include "reports/schema_check.hpp"
#include "reports/testing/synthetic_release.hpp"

namespace lockstep::reports {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string message_after(const std::function<void(Json&)>& breaks) {
  Json document = to_json(synthetic_release(true));
  breaks(document);
  try {
    release_from_json(document, "release.json");
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
    return error.what();
  }
  ADD_FAILURE() << "was read without an error";
  return "";
}

TEST(ReleaseFile, FulfilsItsSchemaAndComesBackAsItWas) {
  const Json schema = Json::parse(release_schema_text());
  for (const bool held : {true, false}) {
    const Json document = to_json(synthetic_release(held));
    EXPECT_THAT(schema_violations(schema, document), IsEmpty());
    EXPECT_EQ(to_json(release_from_json(document, "release.json")).dump(), document.dump());
  }
  Json misspelt = to_json(synthetic_release(true));
  misspelt["checks"][0]["statsu"] = "passed";
  EXPECT_THAT(schema_violations(schema, misspelt), Not(IsEmpty()));
}

TEST(ReleaseFile, RefusesAVerdictThatContradictsItsReasons) {
  EXPECT_THAT(message_after([](Json& document) { document["verdict"]["name"] = "release"; }),
              HasSubstr("the verdict is \"release\", but from the reasons and checks follows \"hold\""));
  EXPECT_THAT(message_after([](Json& document) { document["reasons"] = Json::array(); }), HasSubstr("\"hold\""));
}

TEST(ReleaseFile, SaysWhatIsWrongInOneLine) {
  EXPECT_THAT(message_after([](Json& document) { document["lockstep"]["version"] = 2; }),
              HasSubstr("is version 2; this Lockstep reads version 1"));
  EXPECT_THAT(message_after([](Json& document) { document["lockstep"]["format"] = "lockstep.report"; }),
              HasSubstr("is not a Lockstep release"));
  EXPECT_THAT(message_after([](Json& document) { document.erase("environment"); }), HasSubstr("environment"));
  EXPECT_THAT(message_after([](Json& document) { document["checks"][1]["judged"] = "many"; }),
              HasSubstr("checks[1].judged"));
  EXPECT_THAT(message_after([](Json& document) { document["checks"][1]["status"] = "maybe"; }), HasSubstr("maybe"));
  EXPECT_THAT(message_after([](Json& document) { document["run"].erase("seed"); }), HasSubstr("seed"));
}

TEST(ReleaseStatement, ClaimsNoMoreThanWasRun) {
  Release release = synthetic_release(false);
  EXPECT_EQ(statement_of(release).verdict, ReleaseVerdict::release);
  EXPECT_THAT(statement_of(release).scope, HasSubstr("speed on "));
  release.speed.clear();
  release.devices = {"emulated"};
  EXPECT_EQ(statement_of(release).scope, "for correctness under the emulator; speed not judged");
  EXPECT_EQ(exit_status_of(release), 0);
  for (ReleaseCheck& check : release.checks)
    if (check.name != "faults") check.judged = 0;
  EXPECT_EQ(statement_of(release).verdict, ReleaseVerdict::nothing_ran);
  EXPECT_EQ(exit_status_of(release), 3);
  release.reasons.push_back({.check = "complete", .message = "it was not"});
  EXPECT_EQ(exit_status_of(release), 1);
  release.run.interrupted = true;
  EXPECT_EQ(exit_status_of(release), 130);
}

}  // namespace
}  // namespace lockstep::reports
