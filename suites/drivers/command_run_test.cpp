// SPDX-License-Identifier: Apache-2.0
// `lockstep run` over implementations that misbehave: see testing/misbehaving_main.cpp for what each of them does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "reports/report_file.hpp"
#include "reports/schema_check.hpp"
#include "suites/drivers/testing/program.hpp"
#include "suites/replay/testing/case_folder.hpp"

namespace lockstep {
namespace {

using lockstep::testing::Ended;
using lockstep::testing::Program;
using lockstep::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kMemoryCanBeLimited = false;  // the sanitizer's shadow alone is larger than any limit
#else
constexpr bool kMemoryCanBeLimited = true;
#endif

std::string id_of(const std::string& implementation, const std::string& problem = "x=2x8,dtype=f32") {
  return "gelu.forward/reference." + implementation + "/" + problem;
}

class RunCommand : public ::testing::Test {
 protected:
  std::vector<std::string> arguments(const std::vector<std::string>& more) const {
    std::vector<std::string> all{"run", "--out", out(), "--workers", "2"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Ended run(const std::vector<std::string>& more) const {
    return testing::run_program(LOCKSTEP_MISBEHAVING_PROGRAM, arguments(more));
  }
  Ended judge(const std::vector<std::string>& more) const {
    std::vector<std::string> all{"--no-faults", "--no-timing", "--shrink-seconds", "0"};
    all.insert(all.end(), more.begin(), more.end());
    return run(all);
  }
  std::string out() const { return (folder_.path() / "out").string(); }
  /// The report, after holding it against its schema.
  reports::Report report() const {
    const std::filesystem::path path = out() + "/report.json";
    EXPECT_TRUE(std::filesystem::exists(out() + "/report.html"));
    const auto violations = reports::schema_violations(reports::Json::parse(reports::report_schema_text()),
                                                       reports::Json::parse(testing::text_of_file(path)));
    EXPECT_THAT(violations, IsEmpty());
    return reports::read_report(path);
  }
  TemporaryFolder folder_;
};

std::map<std::string, reports::CaseResult> by_id(const reports::Report& report) {
  std::map<std::string, reports::CaseResult> cases;
  for (const reports::CaseResult& row : report.cases) EXPECT_TRUE(cases.try_emplace(row.id, row).second) << row.id;
  return cases;
}

TEST_F(RunCommand, GivesEveryCaseItsOutcome) {
  std::vector<std::string> options{"--filter", "*x=1x8*",    "--filter",  "*x=2x8*",
                                   "--filter", "*backward*", "--timeout", "4"};
  if (kMemoryCanBeLimited) options.insert(options.end(), {"--memory-limit", "1"});
  const Ended ended = judge(options);
  EXPECT_EQ(ended.status, 1) << ended.err;
  const reports::Report report = this->report();
  EXPECT_EQ(report.run.exit_status, 1);
  EXPECT_FALSE(report.run.interrupted);
  auto cases = by_id(report);
  EXPECT_EQ(cases.size(), 39u);

  using enum reports::Outcome;
  const auto expect = [&](const std::string& implementation, reports::Outcome outcome, const std::string& reason) {
    for (const char* problem : {"x=1x8,dtype=f32", "x=2x8,dtype=f32"}) {
      const reports::CaseResult& row = cases.at(id_of(implementation, problem));
      EXPECT_EQ(row.outcome, outcome) << row.id << ": " << row.reason;
      EXPECT_THAT(row.reason, HasSubstr(reason)) << row.id;
    }
  };
  expect("works", passed, "");
  expect("chatters", passed, "");
  expect("dawdles", passed, "");
  expect("absent", skipped, "it is never here");
  expect("wrong", failed, "bound");
  expect("throws", failed, "the first line");
  expect("wavers", failed, "different bits");
  expect("aborts", crashed, "signal 6");
  expect("faults", crashed, "signal 11");
  expect("exits", crashed, "ended with status 0");
  expect("garbles", crashed, "where its worker's answers go came a result that is no JSON, or not that of a result");
  expect("hangs", timed_out, "4 seconds");
  if (kMemoryCanBeLimited) expect("hoards", failed, "out of memory");
}

TEST_F(RunCommand, DumpsWhatFailedForReplay) {
  const Ended ended = judge({"--filter", "*wrong*", "--filter", "*aborts*", "--filter", "*throws/x=64x64*"});
  EXPECT_EQ(ended.status, 1);
  int with_place = 0;
  std::string backward;
  for (const reports::CaseResult& row : report().cases) {
    if (row.outcome == reports::Outcome::crashed) {
      if (row.reason.find("dumped to failures/") != std::string::npos) ++with_place;
      continue;
    }
    ASSERT_TRUE(row.failure) << row.id;
    EXPECT_THAT(row.failure->rerun, HasSubstr("verify --case " + row.id + " --seed 1"));
    if (row.failure->dump.empty()) continue;
    ++with_place;
    EXPECT_TRUE(std::filesystem::exists(out() + "/" + row.failure->dump + "/case.json")) << row.failure->dump;
    if (row.direction == "backward") backward = row.failure->dump;
  }
  EXPECT_EQ(with_place, 3 + 1 + 3 + 1);  // three of each implementation and direction, or as many as there are

  const std::string results = (folder_.path() / "results").string();
  const Ended truth = testing::run_program(LOCKSTEP_PROGRAM, {"replay", out() + "/failures", "--out", results});
  EXPECT_EQ(truth.status, 0) << truth.out << truth.err;
  EXPECT_THAT(truth.out, HasSubstr("8 cases, 8 agreed"));
  const Ended again = testing::run_program(
      LOCKSTEP_MISBEHAVING_PROGRAM,
      {"replay", out() + "/" + backward, "--out", results, "--implementation", "reference.wrong", "--dtype", "f32"});
  EXPECT_EQ(again.status, 1);
  EXPECT_THAT(again.out, AllOf(HasSubstr("differs"), HasSubstr("d_x[0, 0]")));
}

TEST_F(RunCommand, TimesAndPlantsFaults) {
  const Ended ended = run({"--filter", "*works*", "--filter", "*dawdles*", "--rounds", "2"});
  EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
  const reports::Report report = this->report();
  ASSERT_EQ(report.measurements.size(), 2u);  // the layer of a model, by two implementations
  for (const reports::Measurement& row : report.measurements) {
    EXPECT_EQ(row.samples_seconds.size(), 2u) << row.id;
    EXPECT_GT(row.median_seconds, row.id.find("dawdles") == std::string::npos ? 0 : 0.14) << row.id;
  }
  EXPECT_FALSE(report.ceilings.empty());
  EXPECT_FALSE(report.faults.empty());
}

TEST_F(RunCommand, SaysOnThePageWhatChangedSinceTheBaseline) {
  ASSERT_EQ(judge({"--filter", "*works/x=1x8*"}).status, 0);
  const std::string earlier = (folder_.path() / "earlier").string();
  std::filesystem::rename(out(), earlier);
  const auto page = [this] { return testing::text_of_file(out() + "/report.html"); };
  ASSERT_EQ(judge({"--filter", "*works/x=2x8*"}).status, 0);
  EXPECT_THAT(page(), ::testing::Not(HasSubstr("<p class=\"lead\">Against ")));
  ASSERT_EQ(judge({"--filter", "*works/x=2x8*", "--baseline", earlier}).status, 0);
  EXPECT_THAT(page(), HasSubstr("<p class=\"lead\">Against "));
  // The report that this run replaces serves as well: it is read first.
  ASSERT_EQ(judge({"--filter", "*works/x=2x8*", "--baseline", out() + "/report.json"}).status, 0);
  EXPECT_THAT(page(), HasSubstr("<p class=\"lead\">Against "));
  const Ended misspelt = judge({"--filter", "*works/x=2x8*", "--baseline", earlier + "x"});
  EXPECT_EQ(misspelt.status, 2);
  EXPECT_THAT(misspelt.err, HasSubstr(earlier + "x"));
}

TEST_F(RunCommand, CountsCasesAndSeeds) {
  EXPECT_EQ(judge({"--filter", "*works*", "--seed", "7", "--seeds", "3", "--expect-cases", "4"}).status, 0);
  const reports::Report report = this->report();
  EXPECT_THAT(report.run.seeds, ElementsAre(7u, 8u, 9u));
  ASSERT_EQ(report.cases.size(), 4u);
  for (const reports::CaseResult& row : report.cases) EXPECT_EQ(row.seeds_judged, 3) << row.id;

  // A row tells the worst of all its seeds, and which of them that was.
  const auto in_gates = [](const reports::CaseResult& row) {
    return std::fmax(row.margins->worst_bound, row.margins->worst_rms / 8);
  };
  std::map<std::string, reports::CaseResult> worst;
  for (const char* seed : {"7", "8", "9"}) {
    EXPECT_EQ(judge({"--filter", "*works*", "--seed", seed}).status, 0);
    for (const auto& [id, row] : by_id(this->report())) {
      const auto [kept, is_new] = worst.try_emplace(id, row);
      if (!is_new && in_gates(row) > in_gates(kept->second)) kept->second = row;
    }
  }
  for (const reports::CaseResult& row : report.cases) {
    EXPECT_EQ(in_gates(row), in_gates(worst.at(row.id))) << row.id;
    EXPECT_EQ(row.seed, worst.at(row.id).seed) << row.id;
  }

  const Ended fewer = judge({"--filter", "*works*", "--expect-cases", "5"});
  EXPECT_EQ(fewer.status, 1);
  EXPECT_THAT(fewer.err, HasSubstr("4 cases ran, --expect-cases asks for 5"));
  EXPECT_EQ(this->report().run.exit_status, 1);
  // What only was skipped did not run.
  EXPECT_EQ(judge({"--filter", "*absent*"}).status, 3);
  EXPECT_EQ(this->report().run.exit_status, 3);
}

TEST_F(RunCommand, LeavesAReportWhenInterrupted) {
  Program program(LOCKSTEP_MISBEHAVING_PROGRAM,
                  arguments({"--suite", "nightly", "--filter", "*dawdles*", "--filter", "*wrong*"}));
  ASSERT_TRUE(program.wait_for_error_text("judging: 10 of")) << program.err();
  program.interrupt();
  EXPECT_EQ(program.wait(), 130) << program.err();
  const reports::Report report = this->report();
  EXPECT_TRUE(report.run.interrupted);
  EXPECT_EQ(report.run.exit_status, 130);
  EXPECT_GE(report.cases.size(), 10u);
  EXPECT_LT(report.cases.size(), 33u);
  EXPECT_TRUE(report.measurements.empty());
}

TEST_F(RunCommand, LeavesNoWorkerBehindWhenKilled) {
  Program program(LOCKSTEP_MISBEHAVING_PROGRAM, arguments({"--filter", "*hangs*", "--filter", "*works*"}));
  ASSERT_TRUE(program.wait_for_error_text("judging: 1 of")) << program.err();
  const std::vector<pid_t> workers = testing::children_of(program.process());
  ASSERT_FALSE(workers.empty());
  program.kill_alone();
  EXPECT_EQ(program.reap(), -SIGKILL);
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  for (const pid_t worker : workers) {
    while (testing::is_running(worker) && std::chrono::steady_clock::now() < give_up)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_FALSE(testing::is_running(worker)) << worker;
  }
}

}  // namespace
}  // namespace lockstep
