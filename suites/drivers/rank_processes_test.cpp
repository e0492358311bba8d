// SPDX-License-Identifier: Apache-2.0
// `lockstep train` with a process for each rank; sockets stand in for NCCL.
#include "suites/drivers/rank_processes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "harness/data/testing/temporary_folder.hpp"
#include "reports/report_file.hpp"
#include "suites/drivers/testing/program.hpp"

namespace lockstep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// The arguments of a short training.
std::vector<std::string> training(std::vector<std::string> more, const std::string& transport = "nccl") {
  more.insert(more.begin(),
              {"train", "--rows", "8", "--steps", "3", "--executor", "reference", "--transport", transport});
  return more;
}

std::vector<std::string> distributed(std::vector<std::string> more, const std::string& transport = "nccl") {
  more.insert(more.begin(), {"--model", "mlp", "--mode", "distributed_data_parallel"});
  return training(std::move(more), transport);
}

TEST(RankProcesses, TrainJudgeAndReportLikeThreads) {
  const testing::TemporaryFolder folder;
  const auto report_of = [&](std::vector<std::string> arguments, const std::string& name) {
    const std::string out = (folder.path() / name).string();
    arguments.insert(arguments.end(), {"--out", out});
    const testing::Ended ended = testing::run_program(LOCKSTEP_MISBEHAVING_PROGRAM, arguments);
    EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
    // Rank 0 alone tells.
    EXPECT_EQ(ended.out.find("passed  distributed_data_parallel"), ended.out.rfind("passed  ")) << ended.out;
    return reports::read_report(out + "/report.json");
  };
  const reports::Report processes = report_of(distributed({"--ranks", "3"}), "processes");
  const reports::Report threads = report_of(distributed({"--ranks", "3"}, "threads"), "threads");
  ASSERT_EQ(processes.training.runs.size(), 1u);
  ASSERT_EQ(threads.training.runs.size(), 1u);
  const reports::TrainingRun &run = processes.training.runs[0], &expected = threads.training.runs[0];
  EXPECT_EQ(run.transport, "sockets");
  EXPECT_EQ(expected.transport, "threads");
  EXPECT_EQ(run.outcome, reports::Outcome::passed);
  EXPECT_EQ(run.losses, expected.losses);
  EXPECT_EQ(run.memory_bytes, expected.memory_bytes);
  EXPECT_EQ(run.collective_calls_per_step, expected.collective_calls_per_step);
  EXPECT_EQ(run.collective_bytes_per_step, expected.collective_bytes_per_step);
  EXPECT_EQ(run.agreement->numbers_compared, expected.agreement->numbers_compared);
  EXPECT_EQ(run.agreement->worst_parameter, expected.agreement->worst_parameter);
  EXPECT_THAT(run.note, HasSubstr("over sockets"));
  EXPECT_THAT(run.rerun, HasSubstr("--transport"));
  std::set<int> ranks;
  for (const reports::TimelineSpan& span : run.timeline) ranks.insert(span.rank);
  EXPECT_EQ(ranks, (std::set<int>{0, 1, 2}));
}

TEST(RankProcesses, OneRankIsEnough) {
  const testing::Ended ended = testing::run_program(LOCKSTEP_MISBEHAVING_PROGRAM, distributed({"--ranks", "1"}));
  EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("model=mlp,ranks=1"));
}

TEST(RankProcesses, ATrainingThatEndsWithAnErrorFailsForAll) {
  const testing::TemporaryFolder folder;
  const testing::Ended ended =
      testing::run_program(LOCKSTEP_MISBEHAVING_PROGRAM,
                           training({"--model", "mlp", "--mode", "data_parallel", "--mode", "distributed_data_parallel",
                                     "--mode", "single", "--ranks", "2", "--out", folder.path().string()}));
  EXPECT_EQ(ended.status, 1) << ended.out << ended.err;
  EXPECT_THAT(ended.out, AllOf(HasSubstr("FAILED  data_parallel"), HasSubstr("sockets carry collectives alone")));
  EXPECT_THAT(ended.out,
              AllOf(HasSubstr("FAILED  distributed_data_parallel"), HasSubstr("the ranks had parted before")));
  EXPECT_THAT(ended.out, HasSubstr("passed  single"));
  EXPECT_THAT(ended.err, HasSubstr("train: rank 1: "));
  EXPECT_EQ(reports::read_report(folder.path() / "report.json").training.runs.size(), 3u);
}

TEST(RankProcesses, AStatusIsRankZerosOrThatOfAFailure) {
  const auto run = [](const std::string& script) { return run_rank_processes({"/bin/sh", "-c", script}, 3); };
  EXPECT_EQ(run("test $WORLD_SIZE = 3 -a $LOCAL_RANK = $RANK -a -n \"$MASTER_PORT\""), 0);
  EXPECT_EQ(run("exit $((RANK + 5))"), 5);
  EXPECT_EQ(run("test $RANK != 2"), 1);
  EXPECT_EQ(run("test $RANK = 1 && kill -9 $$; true"), 1);
  EXPECT_THROW(run_rank_processes({"/nowhere"}, 2), std::exception);
}

/// The one line of a call that cannot be carried out.
std::string complaint(const std::string& program, const std::vector<std::string>& arguments,
                      std::vector<std::string> variables = {}) {
  variables.push_back(program);
  variables.insert(variables.end(), arguments.begin(), arguments.end());
  const testing::Ended ended = testing::run_program("/usr/bin/env", variables);
  EXPECT_EQ(ended.status, 2) << ended.out << ended.err;
  EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
  return ended.err;
}

TEST(RankProcesses, ALaunchThatCannotBeIsOneLine) {
  const std::string program = LOCKSTEP_MISBEHAVING_PROGRAM;
  const std::vector<std::string> torchrun{"RANK=0", "WORLD_SIZE=2", "LOCAL_RANK=0", "MASTER_ADDR=127.0.0.1"};
  EXPECT_THAT(complaint(program, distributed({})), HasSubstr("several numbers of ranks; accepted: one --ranks"));
  EXPECT_THAT(complaint(program, distributed({"--ranks", "4"}), torchrun),
              HasSubstr("torchrun started 2 processes, and --ranks says otherwise; accepted: --ranks 2"));
  EXPECT_THAT(complaint(program, distributed({"--ranks", "2"}), {"RANK=2", "WORLD_SIZE=2", "LOCAL_RANK=0"}),
              HasSubstr("RANK is '2'; accepted: 0 to 1"));
  EXPECT_THAT(complaint(program, training({"--model", "mlp", "--mode", "single", "--ranks", "2"})),
              HasSubstr("no rank would talk to another"));
  EXPECT_THAT(complaint(program, distributed({"--ranks", "2", "--save", "folder"})), HasSubstr("--save or --resume"));
  EXPECT_THAT(complaint(program, distributed({"--ranks", "32"})), HasSubstr("32 ranks for batches of 8 rows"));
  EXPECT_THAT(complaint(program, distributed({}, "mpi")), AllOf(HasSubstr("mpi"), HasSubstr("threads")));
}

TEST(RankProcesses, WithoutNcclOrAGpuItSaysSo) {
  const std::string doctor = testing::run_program(LOCKSTEP_PROGRAM, {"doctor"}).out;
  const std::string why = nccl_transport().unavailable();
  EXPECT_EQ(doctor.find("ranks over NCCL: " + why) != std::string::npos, !why.empty()) << doctor;
  if (why.empty()) GTEST_SKIP() << "this machine has a GPU and this build NCCL";
  EXPECT_THAT(complaint(LOCKSTEP_PROGRAM, distributed({"--ranks", "2"})), HasSubstr("--transport nccl: " + why));
}

}  // namespace
}  // namespace lockstep
