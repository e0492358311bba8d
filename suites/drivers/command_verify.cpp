// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include "suites/drivers/options.hpp"

#include <cstdio>
#include <iostream>
#include <memory>
#include <unordered_map>

#include "reports/totals.hpp"
#include "suites/drivers/cli.hpp"
#include "suites/drivers/dump.hpp"
#include "suites/drivers/environment.hpp"
#include "suites/drivers/interrupt.hpp"
#include "suites/drivers/judging_rate.hpp"
#include "suites/drivers/library_list.hpp"
#include "suites/drivers/pass_through.hpp"
#include "suites/drivers/run_stages.hpp"
#include "suites/drivers/shrinking.hpp"

namespace lockstep {
namespace {

/// Where a failing run without --out dumps what failed.
constexpr const char* kDefaultDumps = "lockstep-verify";

/// Standard output goes nowhere while this lives: GoogleTest answers a flag that it does not know with pages of help.
class SilencedOutput {
 public:
  SilencedOutput() : kept_(dup(STDOUT_FILENO)) {
    std::fflush(stdout);
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere < 0) return;
    dup2(nowhere, STDOUT_FILENO);
    close(nowhere);
  }
  ~SilencedOutput() {
    std::fflush(stdout);
    if (kept_ < 0) return;
    dup2(kept_, STDOUT_FILENO);
    close(kept_);
  }
  SilencedOutput(const SilencedOutput&) = delete;
  SilencedOutput& operator=(const SilencedOutput&) = delete;

 private:
  int kept_;
};

/// What the test bodies share: the pool starts when GoogleTest has decided which tests run.
struct VerifyRun {
  Selection selection;
  bool rates = false, shrinks = false;
  ShrinkLimits shrinking;
  std::unique_ptr<ListedLibraries> libraries;
  std::vector<Case> cases;
  std::unordered_map<std::string, std::size_t> case_of_id;
  std::unique_ptr<WorkerPool> pool;
  std::unordered_map<std::size_t, std::size_t> task_of_case;
  ReportBuilder builder;
};

/// Explains a result that did not pass, the most telling first.
std::string explain(const CaseResult& r, const std::string& rerun) {
  std::string text = std::string(name_of(r.outcome)) + ": " + r.reason + "\n";
  if (r.failure && r.failure->gate != Gate::none)
    text += "  worst element " + r.failure->output + to_text(r.failure->index) + ": expected " +
            std::to_string(r.failure->expected) + ", got " + std::to_string(r.failure->got) + ", " +
            std::to_string(r.failure->error_in_bounds) + " bounds\n";
  return text + "  rerun: " + rerun;
}

class CaseTest : public testing::Test {
 public:
  CaseTest(VerifyRun& run, std::size_t index) : run_(run), index_(index) {}
  void TestBody() override {
    const Case& item = run_.cases[index_];
    for (int k = 0; k < run_.selection.seeds; ++k) {
      const std::size_t task = run_.task_of_case.at(index_) + static_cast<std::size_t>(k);
      const TaskResult* result = run_.pool->wait_for(task);
      if (!result) GTEST_SKIP() << "interrupted";
      const std::uint64_t seed = run_.pool->task(task).seed;
      run_.builder.add_case(item, seed, *result);
      const CaseResult& verdict = result->verdict;
      if (verdict.outcome == Outcome::skipped) GTEST_SKIP() << verdict.reason;
      if (verdict.outcome == Outcome::refused) GTEST_SKIP() << "refused: " << verdict.reason;
      if (verdict.outcome != Outcome::passed)
        ADD_FAILURE() << explain(verdict, run_.builder.rerun_line(item.id(), seed));
    }
  }

 private:
  VerifyRun& run_;
  std::size_t index_;
};

/// A library that cannot be judged.
class LibraryTest : public testing::Test {
 public:
  LibraryTest(VerifyRun& run, const LibraryFailure& failure) : run_(run), failure_(failure) {}
  void TestBody() override {
    run_.builder.add_library_failure(failure_);
    ADD_FAILURE() << name_of(failure_.outcome) << ": " << failure_.reason;
  }

 private:
  VerifyRun& run_;
  const LibraryFailure& failure_;
};

/// Hands the tests that were chosen to the workers, in the order in which they will be asked for.
class PoolEnvironment : public testing::Environment {
 public:
  PoolEnvironment(VerifyRun& run, std::string program) : run_(run), program_(std::move(program)) {}
  void SetUp() override {
    std::vector<Task> tasks;
    const testing::UnitTest& all = *testing::UnitTest::GetInstance();
    for (int s = 0; s < all.total_test_suite_count(); ++s) {
      const testing::TestSuite& suite = *all.GetTestSuite(s);
      for (int t = 0; t < suite.total_test_count(); ++t) {
        const testing::TestInfo& info = *suite.GetTestInfo(t);
        if (!info.should_run()) continue;
        const auto found = run_.case_of_id.find(std::string(suite.name()) + "." + info.name());
        if (found == run_.case_of_id.end()) continue;  // a LibraryTest needs no worker
        const std::size_t index = found->second;
        run_.task_of_case[index] = tasks.size();
        for (int k = 0; k < run_.selection.seeds; ++k)
          tasks.push_back({.kind = TaskKind::verify,
                           .id = run_.cases[index].id(),
                           .seed = run_.selection.seed + static_cast<std::uint64_t>(k),
                           .coverage = run_.selection.coverage_value()});
      }
    }
    run_.pool = std::make_unique<WorkerPool>(run_.selection.pool(program_), std::move(tasks));
  }

 private:
  VerifyRun& run_;
  std::string program_;
};

void register_tests(VerifyRun& run) {
  for (const LibraryFailure& failure : run.libraries->failures()) {
    const std::string id = failure.id();
    const std::size_t dot = id.find('.');
    testing::RegisterTest(id.substr(0, dot).c_str(), id.substr(dot + 1).c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [&run, &failure]() -> LibraryTest* { return new LibraryTest(run, failure); });
  }
  for (std::size_t index = 0; index < run.cases.size(); ++index) {
    const std::string id = run.cases[index].id();
    if (!run.case_of_id.try_emplace(id, index).second) continue;
    const std::size_t dot = id.find('.');  // suite.test: the operator's name, then the rest of the id
    testing::RegisterTest(id.substr(0, dot).c_str(), id.substr(dot + 1).c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [&run, index]() -> CaseTest* { return new CaseTest(run, index); });
  }
}

int finish(VerifyRun& run, const Surroundings& surroundings, const std::string& started, int tests_failed) {
  reports::Run description;
  description.command = surroundings.command_line;
  description.suite = "verify";
  description.seed = run.selection.seed;
  description.started_utc = started;
  description.workers = run.selection.worker_count();
  description.expected_cases = run.selection.expect_cases;
  reports::Report report = run.builder.finish(description, "lockstep");
  report.run.interrupted = interrupted();
  const reports::Totals totals = reports::totals_of(report);
  int status = interrupted() ? kInterrupted : tests_failed != 0 ? kFailed : exit_status_of(report);
  if (status == kPassed && run.selection.expect_cases && totals.judged_cases < *run.selection.expect_cases) {
    std::cerr << "lockstep: " << totals.judged_cases << " cases ran, --expect-cases asks for "
              << *run.selection.expect_cases << "\n";
    status = kFailed;
  }
  if (status == kNothingRan) std::cerr << "lockstep: no case ran; the reasons stand with the skipped ones\n";
  report.run.exit_status = status;
  const std::string& out = run.selection.out;
  const std::string dumps = out.empty() ? kDefaultDumps : out;
  const Catalogue& catalogue = run.libraries ? run.libraries->catalogue() : surroundings.catalogue;
  if (run.shrinks) shrink_failures(report, catalogue, run.selection, surroundings.program, run.shrinking, dumps);
  for (const DumpedCase& dumped : dump_failures(report, catalogue, dumps))
    std::cout << "dumped: " << dumps << "/" << dumped.place << " (" << dumped.id << ")\n";
  if (!out.empty()) write_reports(report, out);
  return status;
}

}  // namespace

CommandBody add_verify_command(Options& command, const Surroundings& surroundings) {
  auto run = std::make_shared<VerifyRun>();
  run->selection.add_options(command);
  command.add_flag("--judging-rate", run->rates,
                   "measure how many cases are judged per second on the shapes meant for it");
  command.add_flag("--shrink", run->shrinks,
                   "look for the smallest case that fails as a failing one does: same outcome, same kind of finding");
  run->shrinking.add_options(command);
  command.footer(std::string("GoogleTest's flags pass through (--gtest_filter, --gtest_output, ...).\n"
                             "What fails is dumped for `lockstep replay` into OUT/failures, without --out into ") +
                 kDefaultDumps + "/failures.");
  return [run, surroundings](const std::vector<std::string>& extras) -> int {
    const std::string started = utc_now();
    if (!run->selection.out.empty()) prepare_folder(run->selection.out);
    PassThrough arguments(extras, "--gtest_");
    if (run->rates) {
      const InterruptGuard guard;
      measure_judging_rates(surroundings.catalogue, run->selection, surroundings.program, run->builder);
      return finish(*run, surroundings, started, 0);
    }
    run->libraries = std::make_unique<ListedLibraries>(surroundings.catalogue, run->selection, surroundings.program);
    run->builder.set_rerun_options(run->selection.rerun_options());
    run->cases = run->libraries->select();
    register_tests(*run);
    {
      const SilencedOutput no_help;
      testing::InitGoogleTest(&arguments.count(), arguments.values());
    }
    arguments.reject_rest();
    if (GTEST_FLAG_GET(list_tests)) return RUN_ALL_TESTS();
    testing::AddGlobalTestEnvironment(new PoolEnvironment(*run, surroundings.program));
    const InterruptGuard guard;
    std::cout << "seed " << run->selection.seed << "\n";
    const int failed = RUN_ALL_TESTS();
    return finish(*run, surroundings, started, failed);
  };
}

}  // namespace lockstep
