// SPDX-License-Identifier: Apache-2.0
// --load over libraries that behave and misbehave: see harness/plugin/testing/outside_behaviour.cpp for what each does.
#include "suites/drivers/library_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "reports/report_file.hpp"
#include "reports/schema_check.hpp"
#include "suites/drivers/testing/program.hpp"
#include "suites/replay/testing/case_folder.hpp"

namespace lockstep {
namespace {

using lockstep::testing::Ended;
using lockstep::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Of no dtype or layout that the test's kernels decline.
constexpr const char* kProblem = "x=3x5,dtype=f32";

std::string path_of(const std::string& behaviour) {
  return std::string(LOCKSTEP_OUTSIDE_FOLDER) + "/outside_" + behaviour + ".so";
}
std::string id_of(const std::string& kernel) { return "relu.forward/outside_works." + kernel + "/" + kProblem; }

class Load : public ::testing::Test {
 protected:
  // Where commands stand they may write: a failing verify dumps there.
  Load() { std::filesystem::current_path(folder_.path()); }
  ~Load() override { std::filesystem::current_path(stood_); }

  Ended call(const std::vector<std::string>& arguments) const {
    return testing::run_program(LOCKSTEP_PROGRAM, arguments);
  }
  std::string out() const { return (folder_.path() / "out").string(); }
  reports::Report report() const {
    const std::filesystem::path path = out() + "/report.json";
    const auto violations = reports::schema_violations(reports::Json::parse(reports::report_schema_text()),
                                                       reports::Json::parse(testing::text_of_file(path)));
    EXPECT_THAT(violations, IsEmpty());
    return reports::read_report(path);
  }
  const std::filesystem::path stood_ = std::filesystem::current_path();
  TemporaryFolder folder_;
};

TEST_F(Load, ListsKernelsBesideTheTreesOwn) {
  const Ended all = call({"list", "--load", path_of("works")});
  EXPECT_EQ(all.status, 0) << all.err;
  EXPECT_THAT(all.out,
              AllOf(HasSubstr("forward/outside_works.works\n"), HasSubstr("forward/cuda.elementwise_packs\n")));
  const Ended cases = call({"list", "--cases", "--filter", "outside_works.works/", "--load", path_of("works")});
  EXPECT_EQ(cases.status, 0) << cases.err;
  EXPECT_THAT(cases.out, HasSubstr("relu.forward/outside_works.works/"));
  EXPECT_THAT(cases.out, Not(HasSubstr("cuda.")));
}

TEST_F(Load, JudgesThemBesideTheTreesOwn) {
  const Ended ended = call({"verify", "--load", path_of("works"), "--filter", "relu.forward/outside_works.works/*",
                            "--filter", "relu.forward/reference.*", "--out", out()});
  EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
  std::map<std::string, int> passed_of;
  for (const reports::CaseResult& row : report().cases)
    if (row.outcome == reports::Outcome::passed) ++passed_of[row.backend];
  EXPECT_GT(passed_of["outside_works"], 0);
  EXPECT_GT(passed_of["reference"], passed_of["outside_works"]);
}

TEST_F(Load, AKernelThatMisbehavesHasAnOutcomeAndALineThatRerunsIt) {
  std::vector<std::string> arguments{"run",       "--load", path_of("works"), "--no-faults",
                                     "--timeout", "3",      "--out",          out()};
  for (const char* kernel : {"works", "crashes", "hangs", "throws_number", "overruns_workspace"})
    arguments.insert(arguments.end(), {"--case", id_of(kernel)});
  const Ended ended = call(arguments);
  EXPECT_EQ(ended.status, 1) << ended.err;
  std::map<std::string, reports::CaseResult> rows;
  for (const reports::CaseResult& row : report().cases) rows[row.id] = row;
  using enum reports::Outcome;
  EXPECT_EQ(rows.at(id_of("works")).outcome, passed);
  EXPECT_EQ(rows.at(id_of("crashes")).outcome, crashed);
  EXPECT_THAT(rows.at(id_of("crashes")).reason, HasSubstr("signal 11"));
  ASSERT_TRUE(rows.at(id_of("crashes")).failure);
  EXPECT_THAT(rows.at(id_of("crashes")).failure->rerun, HasSubstr("--load " + path_of("works") + " --case "));
  EXPECT_EQ(rows.at(id_of("hangs")).outcome, timed_out);
  EXPECT_EQ(rows.at(id_of("throws_number")).outcome, failed);
  const reports::CaseResult& overrun = rows.at(id_of("overruns_workspace"));
  EXPECT_EQ(overrun.outcome, failed);
  ASSERT_TRUE(overrun.failure);
  EXPECT_EQ(overrun.failure->rerun,
            "lockstep verify --load " + path_of("works") + " --case " + id_of("overruns_workspace") + " --seed 1");
  // The line, without the program's name, does what it says.
  const Ended again =
      call({"verify", "--load", path_of("works"), "--case", id_of("overruns_workspace"), "--seed", "1"});
  EXPECT_EQ(again.status, 1);
  EXPECT_THAT(again.out, AllOf(HasSubstr("written behind the tensor"), HasSubstr("rerun: " + overrun.failure->rerun)));
}

TEST_F(Load, ALibraryThatCannotBeJudgedIsAnOutcomeAndTheOthersAreJudged) {
  std::vector<std::string> arguments{"run",       "--no-faults", "--no-timing",
                                     "--timeout", "3",           "--out",
                                     out(),       "--filter",    "relu.forward/outside_works.works/*"};
  for (const char* behaviour :
       {"works", "other_version", "lacks_list", "throws_listing", "crashes_listing", "crashes_loading", "hangs_listing",
        "hangs_loading", "lists_nothing", "lists_garbage", "unknown_operator"})
    arguments.insert(arguments.end(), {"--load", path_of(behaviour)});
  const Ended ended = call(arguments);
  EXPECT_EQ(ended.status, 1) << ended.err;
  std::map<std::string, reports::CaseResult> rows;
  int passing = 0;
  for (const reports::CaseResult& row : report().cases) {
    rows[row.implementation] = row;
    passing += row.outcome == reports::Outcome::passed;
  }
  EXPECT_GT(passing, 0);
  using enum reports::Outcome;
  const auto expect = [&rows](const std::string& name, reports::Outcome outcome, const std::string& reason) {
    ASSERT_TRUE(rows.contains("outside_" + name)) << name;
    const reports::CaseResult& row = rows.at("outside_" + name);
    EXPECT_EQ(row.outcome, outcome) << name << ": " << row.reason;
    EXPECT_THAT(row.reason, HasSubstr(reason)) << name;
  };
  expect("other_version", failed, "compiled for version 2 of the interface; accepted: 1");
  expect("lacks_list", failed, "no function lockstep_kernels");
  expect("throws_listing", failed, "let an exception out");
  expect("crashes_listing", crashed, "signal 11");
  expect("crashes_loading", crashed, "signal 11");
  expect("hangs_listing", timed_out, "did not end after 3 seconds");
  expect("hangs_loading", timed_out, "did not end after 3 seconds");
  expect("lists_nothing", failed, "the kernels are out");
  expect("lists_garbage", failed, "a name that is none");
  expect("unknown_operator.elsewhere", failed, "unknown operator 'nosuch'");
}

TEST_F(Load, ALibraryThatCannotBeJudgedFailsVerifyBenchAndListToo) {
  const std::string id = "relu.forward/outside_other_version.works/x=3x5,dtype=f32";
  for (const std::vector<std::string>& selection :
       {std::vector<std::string>{"--case", id}, std::vector<std::string>{"--filter", "outside_other_version"}}) {
    std::vector<std::string> arguments{"verify", "--load", path_of("other_version")};
    arguments.insert(arguments.end(), selection.begin(), selection.end());
    const Ended verify = call(arguments);
    EXPECT_EQ(verify.status, 1) << verify.err;
    EXPECT_THAT(verify.out, AllOf(HasSubstr("failed: outside_other_version.so: it was compiled for version 2"),
                                  HasSubstr("1 FAILED TEST")));
    arguments[0] = "bench";
    EXPECT_EQ(call(arguments).status, 1);
  }
  const Ended list = call({"list", "--load", path_of("other_version")});
  EXPECT_EQ(list.status, 1);
  EXPECT_THAT(list.err, HasSubstr("library.load/outside_other_version/path=outside_other_version.so failed: "));
}

TEST_F(Load, WrongCallsAreOneLine) {
  const auto expect = [this](const std::string& words, const std::vector<std::string>& arguments) {
    const Ended ended = call(arguments);
    EXPECT_EQ(ended.status, 2) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr(words));
    EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
  };
  for (const char* command : {"list", "verify", "run", "bench"})
    expect("nosuch.so: no such file; accepted: a shared library", {command, "--load", "nosuch.so"});
  const std::string copy = (folder_.path() / "outside_works_emulated.so").string();
  std::filesystem::copy_file(path_of("works"), copy);
  expect("is called outside_works too", {"verify", "--load", path_of("works"), "--load", copy});
  std::filesystem::copy_file(path_of("works"), folder_.path() / "cuda.so");
  expect("'cuda....', which is taken", {"verify", "--load", (folder_.path() / "cuda.so").string()});
  expect("--workspace-limit", {"verify", "--load", copy, "--workspace-limit", "-1"});
}

}  // namespace
}  // namespace lockstep
