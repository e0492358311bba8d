// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "reports/report_file.hpp"
#include "suites/drivers/testing/program.hpp"

namespace lockstep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(CommandTrain, JudgesOneModeAndWritesAReport) {
  const std::filesystem::path out = std::filesystem::path(::testing::TempDir()) / "lockstep_train";
  const testing::Ended result =
      testing::run_program(LOCKSTEP_PROGRAM, {"train", "--model", "mlp", "--mode", "distributed_data_parallel",
                                              "--ranks", "2", "--steps", "3", "--out", out.string()});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("passed  distributed_data_parallel/model=mlp,ranks=2"));
  const reports::Report report = reports::read_report((out / "report.json").string());
  ASSERT_EQ(report.training.runs.size(), 1u);
  EXPECT_GT(report.training.runs[0].agreement->numbers_compared, 0);
  EXPECT_EQ(report.training.runs[0].losses.size(), 3u);
}

TEST(CommandTrain, WrongInputIsOneLine) {
  const auto complaint = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "train");
    const testing::Ended result = testing::run_program(LOCKSTEP_PROGRAM, arguments);
    EXPECT_EQ(result.status, 2) << result.out << result.err;
    return result.err;
  };
  EXPECT_THAT(complaint({"--model", "mpl"}), HasSubstr("unknown model 'mpl'; accepted: exact, mlp"));
  EXPECT_THAT(complaint({"--mode", "dp"}), HasSubstr("unknown training mode 'dp'; accepted: single"));
  EXPECT_THAT(complaint({"--mode", "distributed_data_parallel", "--ranks", "32", "--rows", "8"}),
              HasSubstr("32 ranks for batches of 8 rows"));
  EXPECT_THAT(complaint({"--ranks", "0"}), AllOf(HasSubstr("--ranks"), HasSubstr("1")));
  EXPECT_THAT(complaint({"--mode", "single", "--optimizer", "sgdm"}),
              AllOf(HasSubstr("--optimizer"), HasSubstr("sgdm"), HasSubstr("adamw")));
  EXPECT_THAT(complaint({"--mode", "single", "--clip-norm", "1", "--clip-value", "1"}),
              HasSubstr("--clip-norm and --clip-value"));
  EXPECT_THAT(complaint({"--dtype", "bf16", "--mode", "single"}), HasSubstr("--dtype bf16; accepted: f32, f64"));
}

}  // namespace
}  // namespace lockstep
