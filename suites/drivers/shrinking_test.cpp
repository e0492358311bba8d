// SPDX-License-Identifier: Apache-2.0
// Shrinking over implementations that misbehave, in the processes in which users run it: see testing/misbehaving_main.cpp.
#include "suites/drivers/shrinking.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "reports/report_file.hpp"
#include "reports/schema_check.hpp"
#include "suites/drivers/testing/program.hpp"
#include "suites/replay/testing/case_folder.hpp"

namespace lockstep {
namespace {

using lockstep::testing::Ended;
using lockstep::testing::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Shrinking : public ::testing::Test {
 protected:
  std::string out() const { return (folder_.path() / "out").string(); }
  Ended program(std::vector<std::string> arguments) const {
    return testing::run_program(LOCKSTEP_MISBEHAVING_PROGRAM, arguments);
  }
  /// The row of a case that `lockstep verify --shrink` was asked for.
  reports::CaseResult shrunk(const std::string& implementation, const std::string& problem,
                             const std::string& timeout = "20") const {
    const Ended ended = program({"verify", "--case", "gelu.forward/reference." + implementation + "/" + problem,
                                 "--shrink", "--shrink-seconds", "20", "--timeout", timeout, "--out", out()});
    EXPECT_EQ(ended.status, 1) << ended.out << ended.err;
    const std::filesystem::path path = out() + "/report.json";
    EXPECT_THAT(reports::schema_violations(reports::Json::parse(reports::report_schema_text()),
                                           reports::Json::parse(testing::text_of_file(path))),
                IsEmpty());
    const reports::CaseResult row = reports::read_report(path).cases.at(0);
    EXPECT_THAT(ended.out, HasSubstr(row.smallest ? row.smallest->rerun : ""));
    return row;
  }
  void expect_smallest(const std::string& implementation, const std::string& problem, const std::string& smallest,
                       const std::string& finding, const std::string& timeout = "20") const {
    const reports::CaseResult row = shrunk(implementation, problem, timeout);
    ASSERT_TRUE(row.smallest) << row.id << " " << row.reason;
    EXPECT_EQ(row.smallest->id, "gelu.forward/reference." + implementation + "/" + smallest);
    EXPECT_EQ(row.smallest->finding, finding);
    EXPECT_EQ(row.smallest->rerun, "lockstep verify --case " + row.smallest->id + " --seed 1");
    EXPECT_TRUE(row.smallest->complete) << row.smallest->seconds;
    EXPECT_GT(row.smallest->trials, 2);
  }
  TemporaryFolder folder_;
};

TEST_F(Shrinking, FindsTheTailThatIsNotWritten) {
  expect_smallest("tails", "x=3x13,approximate=tanh,dtype=f32,fill=special", "x=7,data=x.zero,dtype=f32,fill=exact",
                  "failed: an element never written");
  const std::string dump = reports::read_report(out() + "/report.json").cases.at(0).smallest->dump;
  ASSERT_FALSE(dump.empty());
  const Ended truth = testing::run_program(
      LOCKSTEP_PROGRAM, {"replay", out() + "/" + dump, "--out", (folder_.path() / "results").string()});
  EXPECT_EQ(truth.status, 0) << truth.out << truth.err;
  EXPECT_THAT(truth.out, HasSubstr("agreed (1 array"));
}

TEST_F(Shrinking, KeepsTheLayoutThatFails) {
  expect_smallest("strides", "x=2x5x9,dtype=f32,layout=strided",
                  "x=1x1,data=x.zero,dtype=f32,layout=strided,fill=exact", "failed: a wrong value");
}

TEST_F(Shrinking, ShrinksCrashes) {
  expect_smallest("empties", "x=4x0x6,approximate=tanh,dtype=f32", "x=0,dtype=f32,fill=exact",
                  "crashed: the worker was killed by signal 6 (Aborted)");
}

TEST_F(Shrinking, ShrinksHangs) {
  const reports::CaseResult row = shrunk("stalls", "x=5x9,dtype=f32", "0.5");
  ASSERT_TRUE(row.smallest) << row.reason;
  EXPECT_EQ(row.outcome, reports::Outcome::timed_out);
  EXPECT_EQ(row.smallest->finding, "timed_out");
  EXPECT_THAT(row.smallest->id, HasSubstr("/x=33,"));
}

TEST_F(Shrinking, RunShrinksWithinItsBudgetAndSaysSoOnThePage) {
  const std::vector<std::string> arguments{"run",         "--filter",    "*wrong/x=2x8*", "--filter", "*works/x=2x8*",
                                           "--no-faults", "--no-timing", "--out",         out()};
  EXPECT_EQ(program(arguments).status, 1);
  const reports::Report report = reports::read_report(out() + "/report.json");
  ASSERT_EQ(report.cases.size(), 2u);
  for (const reports::CaseResult& row : report.cases) {
    EXPECT_EQ(row.smallest.has_value(), row.outcome == reports::Outcome::failed) << row.id;
    if (!row.smallest) continue;
    EXPECT_THAT(testing::text_of_file(out() + "/report.html"), HasSubstr(row.smallest->rerun));
    EXPECT_TRUE(std::filesystem::exists(out() + "/" + row.smallest->dump + "/case.json"));
  }
  std::vector<std::string> without = arguments;
  without.insert(without.end(), {"--shrink-seconds", "0"});
  EXPECT_EQ(program(without).status, 1);
  for (const reports::CaseResult& row : reports::read_report(out() + "/report.json").cases) EXPECT_FALSE(row.smallest);
}

TEST_F(Shrinking, RejectsSecondsThatAreNone) {
  for (const char* seconds : {"-1", "nan", "soon", "5s"})
    EXPECT_EQ(program({"run", "--shrink-seconds", seconds}).status, 2) << seconds;
}

}  // namespace
}  // namespace lockstep
