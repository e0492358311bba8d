// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "reports/report_file.hpp"
#include "suites/drivers/testing/program.hpp"
#include "suites/replay/testing/case_folder.hpp"
#include "suites/training/saved_training.hpp"

namespace lockstep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(CommandTrain, JudgesOneModeAndWritesAReport) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path& out = folder.path();
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

/// Paths of one test, removed with it.
struct Folders {
  testing::TemporaryFolder temporary;
  std::filesystem::path root = temporary.path();
  std::string operator/(const char* name) const { return (root / name).string(); }
};

std::vector<std::string> training(const char* ranks, const char* steps, std::vector<std::string> more) {
  std::vector<std::string> arguments{
      "train",   "--mode", "distributed_data_parallel", "--ranks", ranks, "--rows", "8", "--steps", steps,
      "--dtype", "f64"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(CommandTrain, SavedAtFourRanksAndResumedAtTwoEqualsTheUninterruptedRun) {
  const Folders folders;
  const auto runs = [](const std::vector<std::string>& arguments) {
    const testing::Ended result = testing::run_program(LOCKSTEP_PROGRAM, arguments);
    EXPECT_EQ(result.status, 0) << result.out << result.err;
  };
  const std::vector<std::string> conv{"--model", "conv", "--sync-batch-norm", "--optimizer", "adam"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), conv.begin(), conv.end());
    return more;
  };
  runs(training("4", "6", with({"--save", folders / "whole"})));
  runs(training("4", "5", with({"--save", folders / "half", "--save-every", "3"})));
  // The state of the third step goes on at two ranks, and from there on one, in another mode. Rows, seed, model, dtype and
  // optimizer are the saved training's.
  runs(training("4", "3", with({"--save", folders / "three"})));
  runs({"train", "--mode", "distributed_data_parallel", "--sync-batch-norm", "--ranks", "2", "--steps", "5", "--resume",
        folders / "three", "--save", folders / "five"});
  runs({"train", "--mode", "single", "--steps", "6", "--resume", folders / "five", "--save", folders / "six"});
  const SavedTraining whole = read_training(folders / "whole"), five = read_training(folders / "five"),
                      half = read_training(folders / "half"), six = read_training(folders / "six");
  EXPECT_EQ(half.state.step, 5);
  EXPECT_EQ(six.state.step, 6);
  EXPECT_EQ(six.mode, "single");
  const auto expect_equal = [](const ModuleState& got, const ModuleState& expected) {
    ASSERT_EQ(got.size(), expected.size());
    for (const auto& [name, values] : expected)
      for (std::int64_t i = 0; i < values.count(); ++i) EXPECT_NEAR(got.at(name)[i], values[i], 1e-9) << name;
  };
  expect_equal(five.state.model, half.state.model);
  expect_equal(five.state.optimizer, half.state.optimizer);
  expect_equal(six.state.model, whole.state.model);
}

TEST(CommandTrain, AStateThatCannotBeTakenIsOneLine) {
  const Folders folders;
  const std::vector<std::string> mlp{"--model", "mlp", "--save", folders / "state"};
  ASSERT_EQ(testing::run_program(LOCKSTEP_PROGRAM, training("2", "3", mlp)).status, 0);
  const auto complaint = [](const std::vector<std::string>& arguments) {
    const testing::Ended result = testing::run_program(LOCKSTEP_PROGRAM, arguments);
    EXPECT_EQ(result.status, 2) << result.out << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    return result.err;
  };
  const auto resuming = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"train", "--mode", "single", "--steps", "6", "--resume", folders / "state"});
    return more;
  };
  EXPECT_THAT(complaint(resuming({"--model", "conv"})),
              AllOf(HasSubstr("saved state of mlp"), HasSubstr("missing: k1")));
  EXPECT_THAT(complaint(resuming({"--optimizer", "adam"})), HasSubstr("which adam does not keep"));
  EXPECT_THAT(complaint(resuming({"--seed", "4"})), HasSubstr("--seed 4, and the saved training has 1"));
  EXPECT_THAT(complaint(resuming({"--rows", "4"})), HasSubstr("--rows 4, and the saved training has 8"));
  EXPECT_THAT(complaint({"train", "--mode", "single", "--steps", "3", "--resume", folders / "state"}),
              HasSubstr("3 steps are done and --steps is 3"));
  EXPECT_THAT(complaint({"train", "--model", "mlp", "--save", folders / "table"}), HasSubstr("accepted: one --model"));
  std::ofstream(folders / "file") << "no folder";
  EXPECT_THAT(complaint({"train", "--model", "mlp", "--mode", "single", "--save", folders / "file"}),
              AllOf(HasSubstr("--save"), HasSubstr("file")));
  EXPECT_THAT(complaint({"train", "--mode", "single", "--resume", folders / "nowhere"}),
              HasSubstr("holds no saved training"));
  std::filesystem::resize_file(folders.root / "state" / "state_1" / "model" / "w1.npy", 140);
  EXPECT_THAT(complaint(resuming({})), AllOf(HasSubstr("w1.npy"), HasSubstr("truncated")));
  std::filesystem::remove(folders.root / "state" / "state_1" / "model" / "w1.npy");
  EXPECT_THAT(complaint(resuming({})), HasSubstr("the entry 'model/w1' is missing"));
}

TEST(CommandTrain, DevicesOfDataParallelAreSetAndShown) {
  const testing::Ended result =
      testing::run_program(LOCKSTEP_PROGRAM, {"train", "--model", "mlp", "--mode", "data_parallel", "--ranks", "4",
                                              "--steps", "3", "--device-ids", "2,0,1", "--output-device", "3"});
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("device_ids=2+0+1,output_device=3"));
  EXPECT_THAT(result.out, HasSubstr("bytes by device"));
}

TEST(CommandTrain, WrongInputIsOneLine) {
  const auto complaint = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "train");
    const testing::Ended result = testing::run_program(LOCKSTEP_PROGRAM, arguments);
    EXPECT_EQ(result.status, 2) << result.out << result.err;
    return result.err;
  };
  EXPECT_THAT(complaint({"--model", "mpl"}), HasSubstr("unknown model 'mpl'; accepted: exact, mlp"));
  EXPECT_THAT(complaint({"--model", "resnet50"}),
              AllOf(HasSubstr("resnet50 has its published size of 25557032 parameters"), HasSubstr("resnet50_tiny")));
  EXPECT_THAT(complaint({"--mode", "dp"}), HasSubstr("unknown training mode 'dp'; accepted: single"));
  EXPECT_THAT(complaint({"--mode", "distributed_data_parallel", "--ranks", "32", "--rows", "8"}),
              HasSubstr("32 ranks for batches of 8 rows"));
  EXPECT_THAT(complaint({"--ranks", "0"}), AllOf(HasSubstr("--ranks"), HasSubstr("1")));
  EXPECT_THAT(complaint({"--mode", "single", "--optimizer", "sgdm"}),
              AllOf(HasSubstr("--optimizer"), HasSubstr("sgdm"), HasSubstr("adamw")));
  EXPECT_THAT(complaint({"--mode", "single", "--clip-norm", "1", "--clip-value", "1"}),
              HasSubstr("--clip-norm and --clip-value"));
  EXPECT_THAT(complaint({"--mode", "data_parallel", "--ranks", "2", "--device-ids", "0,2"}),
              HasSubstr("device_ids has the device 2; accepted: 0 to 1"));
  EXPECT_THAT(complaint({"--mode", "data_parallel", "--ranks", "2", "--output-device", "5"}),
              HasSubstr("output_device is 5; accepted: 0 to 1"));
  EXPECT_THAT(complaint({"--dtype", "bf16", "--mode", "single"}), HasSubstr("--dtype bf16; accepted: f32, f64"));
}

}  // namespace
}  // namespace lockstep
