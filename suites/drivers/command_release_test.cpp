// SPDX-License-Identifier: Apache-2.0
// `lockstep release` over candidates with planted faults: each is held for its own reason, and a good one is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "suites/drivers/testing/program.hpp"
#include "suites/drivers/testing/release_test_folder.hpp"

namespace lockstep {
namespace {

using lockstep::testing::Ended;
using lockstep::testing::Program;
using reports::CheckStatus;
using reports::HoldReason;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ReleaseCommand : public testing::ReleaseTest {
 protected:
  std::vector<std::string> arguments(const std::string& candidate, const std::vector<std::string>& more) const {
    std::vector<std::string> all{"release", "gelu", "--candidate", candidate, "--baseline", "reference.baseline",
                                 "--out",   out(),  "--minutes",   "0.05"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Ended release(const std::string& candidate, const std::vector<std::string>& more = {"--no-timing"}) const {
    return testing::run_program(LOCKSTEP_RELEASABLE_PROGRAM, arguments(candidate, more));
  }
  /// Held for a reason of this check whose message holds `words`; returns that reason.
  HoldReason expect_held(const std::string& candidate, const std::string& check_name, const std::string& words,
                         const std::vector<std::string>& more = {"--no-timing"}) const {
    const Ended ended = release(candidate, more);
    EXPECT_EQ(ended.status, 1) << candidate << ": " << ended.out << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("HOLD")) << candidate;
    std::string found;
    for (const HoldReason& reason : sheet().reasons) {
      if (reason.check == check_name && reason.message.find(words) != std::string::npos) return reason;
      found += reason.check + ": " + reason.message + "\n";
    }
    ADD_FAILURE() << candidate << " is not held for " << check_name << ": " << words << "; but for\n" << found;
    return {};
  }
};

TEST_F(ReleaseCommand, ReleasesAGoodCandidateForWhatWasRun) {
  const Ended ended = release("reference.good");
  EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out,
              HasSubstr("RELEASE  gelu reference.good in the place of reference.baseline: for correctness on "
                        "this CPU; speed not judged"));
  const reports::Release release = sheet();
  EXPECT_EQ(release.run.exit_status, 0);
  EXPECT_THAT(release.reasons, IsEmpty());
  EXPECT_THAT(release.dtypes, ::testing::ElementsAre("f32", "f16", "bf16"));
  for (const char* name :
       {"problems", "layouts", "tile_edges", "far_strides", "repeated_launches", "determinism", "faults"})
    EXPECT_EQ(check(release, name).status, CheckStatus::passed) << name << ": " << check(release, name).detail;
  for (const char* name : {"graph_capture", "streams", "thread_orders", "no_scratch", "speed"}) {
    EXPECT_EQ(check(release, name).status, CheckStatus::not_checked) << name;
    EXPECT_THAT(check(release, name).detail, Not(IsEmpty())) << name;
  }
  EXPECT_EQ(check(release, "problems").judged, 12);
  EXPECT_EQ(release.accuracy.size(), 3u);
  for (const reports::AccuracyRow& row : release.accuracy) {
    EXPECT_GT(row.candidate.worst_rms, 0) << row.dtype;
    EXPECT_EQ(row.candidate.worst_rms, row.baseline.worst_rms) << "the same code: " << row.dtype;
  }
}

TEST_F(ReleaseCommand, TheSheetCanBeRenderedAgain) {
  ASSERT_EQ(release("reference.good").status, 0);
  const std::string before = testing::text_of_file(out() + "/release.html"), again = out() + "/again.html";
  const Ended ended =
      testing::run_program(LOCKSTEP_RELEASABLE_PROGRAM, {"report", out() + "/release.json", "--out", again});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_TRUE(testing::text_of_file(again) == before);
  EXPECT_EQ(testing::run_program(LOCKSTEP_RELEASABLE_PROGRAM,
                                 {"report", out() + "/release.json", "--baseline", out() + "/report.json"})
                .status,
            2);
}

TEST_F(ReleaseCommand, HoldsAWrongTailAndShowsACaseThatHasIt) {
  const HoldReason reason = expect_held("reference.wrong_tail", "tile_edges", "bound");
  const Ended again = testing::run_program(LOCKSTEP_RELEASABLE_PROGRAM, {"verify", "--case", reason.id, "--seed", "1"});
  EXPECT_EQ(again.status, 1) << "the rerun line shows it: " << reason.rerun;
  EXPECT_THAT(reason.rerun, HasSubstr("lockstep verify --case " + reason.id + " --seed 1"));
  EXPECT_THAT(reason.smallest, HasSubstr("gelu.forward/reference.wrong_tail/x=33,")) << "the shortest row with a tail";
}

TEST_F(ReleaseCommand, HoldsWhatIsWrongInOneDtype) {
  const HoldReason reason = expect_held("reference.wrong_in_bf16", "problems", "bound");
  EXPECT_THAT(reason.id, HasSubstr("dtype=bf16"));
  EXPECT_GT(reason.cases, 1);
  for (const HoldReason& other : sheet().reasons) EXPECT_THAT(other.id, HasSubstr("dtype=bf16"));
}

TEST_F(ReleaseCommand, HoldsDeterminismThatIsOnlyClaimed) {
  // The third launch differs: two launches do not show it.
  const HoldReason reason = expect_held("reference.wavers", "determinism", "gave other bits than the first launch");
  EXPECT_THAT(reason.rerun, HasSubstr("lockstep release gelu --candidate reference.wavers"));
  // One order of threads of eight.
  expect_held("cuda.order_dependent", "determinism", "order=random,seed=5", {"--no-timing", "--device", "emulated"});
}

TEST_F(ReleaseCommand, HoldsSilenceAndRefusals) {
  expect_held("reference.refuses", "problems", "refuses a problem that the operator's contract takes: not in f16");
  const HoldReason silent = expect_held("reference.silent", "problems", "declines a problem and does not say why");
  EXPECT_THAT(silent.rerun, HasSubstr("lockstep release gelu")) << "verify would only skip it";
  expect_held("reference.silent", "problems", "does not say why", {"--no-timing", "--problem", "x=4x48,dtype=bf16"});
}

TEST_F(ReleaseCommand, SaysWhatTheBaselineTakesAndTheCandidateDeclines) {
  EXPECT_EQ(release("reference.declines").status, 0);
  const reports::Release declining = sheet();
  ASSERT_FALSE(declining.conditions.empty());
  EXPECT_THAT(declining.conditions[0].why, HasSubstr("no bf16 yet"));
  EXPECT_THAT(declining.dtypes, ::testing::ElementsAre("f32", "f16"));
}

TEST_F(ReleaseCommand, HoldsFaultsOfScratchMemory) {
  expect_held("reference.scratch_overrun", "scratch_memory", "behind the end of 64 bytes");
  expect_held("reference.no_scratch_aborts", "repeated_launches", "signal 6");
  EXPECT_EQ(release("reference.scratch_kept").status, 0);
  const reports::Release kept = sheet();
  for (const char* name : {"scratch_memory", "least_scratch", "no_scratch"})
    EXPECT_EQ(check(kept, name).status, CheckStatus::passed) << name;
}

TEST_F(ReleaseCommand, HoldsOffsetsOf32Bits) {
  const HoldReason reason = expect_held("reference.narrow_offsets", "far_strides", "");
  const Ended again = release("reference.narrow_offsets", {"--no-timing", "--problem", "x=4x48,dtype=f32"});
  EXPECT_EQ(again.status, 1) << again.out;
  EXPECT_THAT(reason.rerun, HasSubstr("--problem x="));
}

TEST_F(ReleaseCommand, TimesInTurnsAndHoldsWhatIsProvedSlower) {
  expect_held("reference.slow", "speed", "times as long as reference.baseline",
              {"--direction", "forward", "--problem", "x=64x64,dtype=f32", "--rounds", "8"});
  reports::Release release = sheet();
  ASSERT_EQ(release.speed.size(), 1u);
  EXPECT_EQ(release.speed[0].candidate_seconds.size(), 8u);
  EXPECT_EQ(release.speed[0].verdict, reports::SpeedVerdict::regressed);
  EXPECT_GT(release.speed[0].ratio_low, 1.05);
  EXPECT_GT(release.speed[0].candidate_error.worst_rms, 0);
  // As slow as that is allowed.
  const Ended allowed =
      this->release("reference.slow", {"--problem", "x=64x64,dtype=f32", "--rounds", "6", "--allow-slower", "1000000"});
  EXPECT_EQ(allowed.status, 0) << allowed.out;
  EXPECT_THAT(allowed.out, HasSubstr("speed on 1 problem against reference.baseline"));
}

TEST_F(ReleaseCommand, WhatNeverRunsIsNoRelease) {
  const Ended ended = release("reference.absent");
  EXPECT_EQ(ended.status, 3) << ended.out;
  EXPECT_THAT(ended.out, AllOf(HasSubstr("NOTHING RAN"), Not(HasSubstr("RELEASE "))));
  EXPECT_EQ(sheet().run.exit_status, 3);
}

TEST_F(ReleaseCommand, LeavesAValidSheetWhenInterrupted) {
  Program program(LOCKSTEP_RELEASABLE_PROGRAM, arguments("reference.dawdles", {}));
  ASSERT_TRUE(program.wait_for_error_text("judging listed problems: ")) << program.err();
  ASSERT_TRUE(program.wait_for_error_text(" left")) << program.err();
  program.interrupt();
  EXPECT_EQ(program.wait(), 130) << program.err();
  const reports::Release release = sheet();
  EXPECT_TRUE(release.run.interrupted);
  ASSERT_FALSE(release.reasons.empty());
  EXPECT_EQ(release.reasons.back().check, "complete");
}

TEST_F(ReleaseCommand, AnswersABadCallInOneLine) {
  const auto expect = [&](const std::string& words, std::vector<std::string> call) {
    call.insert(call.begin(), "release");
    call.insert(call.end(), {"--out", out()});
    const Ended ended = testing::run_program(LOCKSTEP_RELEASABLE_PROGRAM, call);
    EXPECT_EQ(ended.status, 2) << words;
    EXPECT_THAT(ended.err, HasSubstr(words));
    EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
    EXPECT_FALSE(std::filesystem::exists(out())) << words;
  };
  const std::vector<std::string> good{"gelu", "--candidate", "reference.good", "--baseline", "reference.baseline"};
  const auto with = [&](const std::vector<std::string>& more) {
    std::vector<std::string> call = good;
    call.insert(call.end(), more.begin(), more.end());
    return call;
  };
  expect("OPERATOR", {});
  expect("--candidate", {"gelu", "--baseline", "reference.baseline"});
  expect("unknown operator 'nope'; accepted: gelu",
         {"nope", "--candidate", "reference.good", "--baseline", "reference.baseline"});
  expect("--candidate reference.x: no such implementation of gelu; accepted: reference.baseline, reference.good",
         {"gelu", "--candidate", "reference.x", "--baseline", "reference.baseline"});
  expect("--baseline cuda.x: no such", {"gelu", "--candidate", "reference.good", "--baseline", "cuda.x"});
  expect("is the candidate itself", {"gelu", "--candidate", "reference.good", "--baseline", "reference.good"});
  expect("--direction backward: reference.good does not have it; accepted: forward", with({"--direction", "backward"}));
  expect("--direction", with({"--direction", "sideways"}));
  expect("malformed shape '3y'", with({"--problem", "x=3y,dtype=f32"}));
  expect("approximat", with({"--problem", "x=3,approximat=tanh,dtype=f32"}));
  for (const char* minutes : {"0", "-1", "nan", "soon"}) expect("--minutes", with({"--minutes", minutes}));
  expect("--rounds", with({"--rounds", "0"}));
  expect("--seed", with({"--seed", "-1"}));
  expect("--allow-slower", with({"--allow-slower", "nan"}));
}

}  // namespace
}  // namespace lockstep
