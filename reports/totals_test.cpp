// SPDX-License-Identifier: Apache-2.0
#include "reports/totals.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "reports/number_text.hpp"
#include "reports/summary_text.hpp"
#include "reports/testing/synthetic_report.hpp"

namespace lockstep::reports {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string sentence(const Report& report) {
  const Verdict verdict = verdict_of(report);
  return verdict.lead + verdict.rest;
}

TEST(Totals, CountWhatRan) {
  const Report report = synthetic_report({.cases = 900, .failing = false});
  const Totals totals = totals_of(report);
  EXPECT_EQ(totals.cases, 900);
  EXPECT_EQ(totals.of(Outcome::passed), 800);
  EXPECT_EQ(totals.of(Outcome::skipped) + totals.of(Outcome::refused), 100);
  EXPECT_EQ(totals.judged_cases, 800);
  EXPECT_EQ(totals.seeds, 3);
  EXPECT_EQ(totals.operators, 9);
  EXPECT_EQ(totals.faults_caught, 9 * 2 * 4 * 5 - 9 * 2);
  EXPECT_EQ(totals.faults_excused, 9 * 2);
}

TEST(Totals, VerdictInEveryState) {
  Report report = synthetic_report({.cases = 900, .failing = false});
  EXPECT_EQ(sentence(report), "Everything agrees.");
  EXPECT_EQ(verdict_of(report).tone, Tone::good);

  Report blind = report;
  blind.faults[0].status = FaultStatus::blind;
  EXPECT_THAT(sentence(blind), HasSubstr("1 declared fault could not show"));
  // Blind cases say something about the cases, not about the implementations that ran in them.
  for (CaseResult& result : blind.cases) {
    if (result.operator_name == "add" && result.outcome == Outcome::passed) result.outcome = Outcome::blind;
  }
  EXPECT_THAT(sentence(blind), HasSubstr("1 declared fault could not show"));
  EXPECT_TRUE(broken_groups(blind).empty());
  blind.faults.clear();
  EXPECT_THAT(sentence(blind), HasSubstr("89 cases could not have failed"));
  EXPECT_EQ(verdict_of(blind).tone, Tone::bad);
  Report missed = report;
  missed.faults[0].status = FaultStatus::missed;
  EXPECT_THAT(sentence(missed), HasSubstr("1 planted fault went unseen"));
  EXPECT_EQ(verdict_of(missed).tone, Tone::bad);

  Report failed = report;
  failed.cases[0].outcome = Outcome::failed;
  EXPECT_EQ(sentence(failed), "1 implementation fails, everything else agrees.");
  failed.cases[1].outcome = Outcome::crashed;
  EXPECT_EQ(sentence(failed), "2 implementations fail, everything else agrees.");
  failed.cases[0].outcome = Outcome::passed;
  EXPECT_EQ(sentence(failed), "1 implementation does not come to its end, everything else agrees.");

  Report trained = report;
  trained.training.runs[0].outcome = Outcome::failed;
  EXPECT_EQ(sentence(trained), "1 training run fails, everything else agrees.");
  trained.training.runs[1].outcome = Outcome::crashed;
  trained.cases[0].outcome = Outcome::failed;
  EXPECT_EQ(sentence(trained), "1 implementation and 2 training runs fail, everything else agrees.");
  Report unseen = report;
  unseen.training.faults[0].caught = false;
  EXPECT_THAT(sentence(unseen), HasSubstr("1 planted fault went unseen"));
  Report only_trained;
  only_trained.training = report.training;
  EXPECT_EQ(sentence(only_trained), "Everything agrees.");

  Report interrupted = report;
  interrupted.run.interrupted = true;
  EXPECT_EQ(verdict_of(interrupted).tone, Tone::warning);
  EXPECT_THAT(verdict_of(interrupted).note, HasSubstr("interrupted"));
  Report fewer = report;
  fewer.run.expected_cases = 5000;
  EXPECT_THAT(verdict_of(fewer).note, HasSubstr("Only 800 of the 5\u202f000 expected cases ran"));
  EXPECT_EQ(sentence(Report{}), "Nothing was judged: no case was listed.");
  EXPECT_EQ(verdict_of(Report{}).tone, Tone::empty);
  Report study;
  study.training.sync_batch_norm.emplace_back();
  EXPECT_THAT(sentence(study), HasSubstr("Measured: what parallel training costs"));
}

TEST(Totals, TheWorstComesFirst) {
  Report report = synthetic_report({.cases = 900, .failing = false});
  const auto fail = [&](std::size_t index, double error) {
    report.cases[index].outcome = Outcome::failed;
    report.cases[index].failure = Failure{.error_in_bounds = error, .message = "wrong", .rerun = "lockstep verify"};
  };
  fail(0, 5);
  fail(1, 50);
  fail(2, std::nan(""));
  const std::vector<BrokenGroup> groups = broken_groups(report);
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[0].cases[0], 2u) << "what is not finite is worse than any number";
  EXPECT_EQ(groups[1].cases[0], 1u);
  EXPECT_EQ(groups[2].cases[0], 0u);
}

TEST(Totals, TheRerunLineSurvivesAShell) {
  CaseResult result{.id = "gelu.forward/onednn/rows=4,cols=1e_05", .seed = 7};
  EXPECT_EQ(rerun_command(result), "lockstep verify --case gelu.forward/onednn/rows=4,cols=1e_05 --seed 7");
  result.id = "it's $(here)";
  EXPECT_EQ(rerun_command(result), "lockstep verify --case 'it'\\''s $(here)' --seed 7");
  result.failure = Failure{.rerun = "lockstep verify --case other"};
  EXPECT_EQ(rerun_command(result), "lockstep verify --case other");
}

TEST(SummaryText, SaysItAll) {
  const Report report = synthetic_report({.cases = 2000});
  const std::string text = summary_text(report, false);
  EXPECT_THAT(text, HasSubstr("fail"));
  EXPECT_THAT(text, HasSubstr("layer_norm.backward/cuda.tiled_columns"));
  EXPECT_THAT(text, HasSubstr("lockstep verify --case "));
  EXPECT_THAT(text, HasSubstr("because no GPU was found"));
  EXPECT_THAT(text, HasSubstr("faults    caught 342 of 342"));
  EXPECT_THAT(text, HasSubstr("3 seeds"));
  EXPECT_THAT(text, HasSubstr("training  7 runs, 6 passed, 1 did not, 2 bit-identical; faults caught 2 of 3"));
  EXPECT_THAT(text, HasSubstr("failed: rank 1 has other parameters than rank 0 after step 0\n"
                              "              lockstep train --case train."));
  EXPECT_THAT(text, HasSubstr("missed: gradients are clipped by the norm of the rank alone"));
  EXPECT_THAT(text, Not(HasSubstr("\033")));
  EXPECT_THAT(summary_text(report, true), HasSubstr("\033[1;31m"));
  EXPECT_THAT(summary_text(synthetic_report({.cases = 200, .hostile = true}), false), Not(HasSubstr("\x01")));
}

TEST(NumberText, IsWhatPeopleRead) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(-1234567), "-1\u202f234\u202f567");
  EXPECT_EQ(plural(1, "case"), "1 case");
  EXPECT_EQ(plural(0, "case"), "0 cases");
  EXPECT_EQ(significant(7.3456), "7.35");
  EXPECT_EQ(significant(0.0123456), "0.0123");
  EXPECT_EQ(significant(9.996), "10.0");
  EXPECT_EQ(significant(999.6), "1000");
  EXPECT_EQ(significant(-0.5), "-0.500");
  EXPECT_EQ(significant(1.5e-7), "1.50e-07");
  EXPECT_EQ(significant(std::nan("")), "nan");
  EXPECT_EQ(exact_number(0.1), "0.1");
  EXPECT_EQ(exact_number(-HUGE_VAL), "-inf");
  EXPECT_EQ(duration(3.2e-5), "32.0 µs");
  EXPECT_EQ(duration(0.9999), "1.00 s");
  EXPECT_EQ(long_duration(372), "6 min 12 s");
  EXPECT_EQ(long_duration(3720), "1 h 2 min");
  EXPECT_EQ(rate(19.4e9, "bytes/s"), "19.4 GB/s");
  EXPECT_EQ(rate(1.66e11, "flops/s"), "166 GFLOP/s");
  EXPECT_EQ(byte_size(std::int64_t{48} << 20), "48.0 MiB");
  EXPECT_EQ(percent(0.93), "93 %");
  EXPECT_EQ(percent(0.0123), "1.2 %");
  EXPECT_EQ(signed_percent(0.031), "+3.1 %");
  EXPECT_EQ(signed_percent(-0.031), "\u22123.1 %");
}

}  // namespace
}  // namespace lockstep::reports
