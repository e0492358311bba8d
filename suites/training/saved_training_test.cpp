// SPDX-License-Identifier: Apache-2.0
#include "suites/training/saved_training.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "harness/data/error.hpp"
#include "harness/data/npy.hpp"
#include "suites/replay/testing/case_folder.hpp"
#include "suites/training/data_sets.hpp"
#include "suites/training/modes/modes.hpp"

namespace lockstep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class SavedTrainingTest : public ::testing::Test {
 protected:
  /// Two steps of adam on the mlp.
  SavedTraining trained() const {
    const ModelDefinition& model = find_model("mlp");
    TrainingJob job;
    job.steps = 2;
    job.plan.optimizer = {.kind = "adam", .lr = 0.01};
    job.make_model = [&model] { return model.make({.dtype = DType::f64, .seed = 3}); };
    job.batch = synthetic_batches(model, 4, DType::f64, 3);
    SavedTraining saved;
    saved.state = train(job).state;
    saved.model = "mlp";
    saved.dtype = DType::f64;
    saved.optimizer = job.plan.optimizer;
    saved.rows = 4;
    saved.seed = 3;
    saved.mode = "single";
    return saved;
  }
  std::string refusal_of(const std::function<void()>& call) const {
    try {
      call();
    } catch (const Error& error) {
      const std::string message = error.what();
      EXPECT_EQ(message.find('\n'), std::string::npos) << message;
      return message;
    }
    return "nothing was thrown";
  }
  std::string reading() const {
    return refusal_of([&] { read_training(folder_); });
  }
  fs::path state() const { return folder_ / "state_1"; }

  // Tests run side by side: each has a folder of its own.
  const testing::TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path() / "training";
};

TEST_F(SavedTrainingTest, ComesBackBitForBit) {
  const SavedTraining written = trained();
  save_training(written, folder_);
  const SavedTraining read = read_training(folder_);
  EXPECT_EQ(read.state.step, 2);
  EXPECT_EQ(read.seed, 3u);
  EXPECT_EQ(read.rows, 4);
  EXPECT_EQ(read.optimizer.kind, "adam");
  EXPECT_EQ(read.optimizer.lr, 0.01);
  ASSERT_EQ(read.state.model.size(), written.state.model.size());
  ASSERT_EQ(read.state.optimizer.size(), written.state.optimizer.size());
  for (const auto& [name, values] : written.state.optimizer)
    for (std::int64_t i = 0; i < values.count(); ++i) EXPECT_EQ(read.state.optimizer.at(name)[i], values[i]) << name;
  for (const auto& [name, values] : written.state.model)
    for (std::int64_t i = 0; i < values.count(); ++i) EXPECT_EQ(read.state.model.at(name)[i], values[i]) << name;
}

TEST_F(SavedTrainingTest, ASaveThatWasCutOffLeavesTheStateBefore) {
  SavedTraining training = trained();
  save_training(training, folder_);
  // What is there when a writer dies before it has named its state the latest.
  fs::copy(state(), folder_ / "partial");
  fs::copy(state(), folder_ / "state_2");
  EXPECT_EQ(read_training(folder_).state.step, 2);
  training.state.step = 5;
  save_training(training, folder_);
  EXPECT_EQ(read_training(folder_).state.step, 5);
  EXPECT_FALSE(fs::exists(state()));
  EXPECT_FALSE(fs::exists(folder_ / "partial"));
}

TEST_F(SavedTrainingTest, WhatIsWrongIsNamed) {
  EXPECT_THAT(reading(), HasSubstr("holds no saved training ('latest' is missing)"));
  const SavedTraining training = trained();
  const auto planted = [&](const std::function<void()>& change) {
    fs::remove_all(folder_);
    save_training(training, folder_);
    change();
    return reading();
  };
  EXPECT_THAT(planted([&] { fs::remove(state() / "model" / "w2.npy"); }), HasSubstr("'model/w2' is missing"));
  EXPECT_THAT(planted([&] { fs::copy(state() / "model" / "w2.npy", state() / "model" / "w9.npy"); }),
              HasSubstr("'model/w9' is unexpected"));
  EXPECT_THAT(planted([&] { fs::resize_file(state() / "optimizer" / "exp_avg.w1.npy", 150); }),
              AllOf(HasSubstr("exp_avg.w1.npy"), HasSubstr("truncated")));
  EXPECT_THAT(planted([&] { write_npy((state() / "model" / "b1.npy").string(), Values(DType::f64, {2})); }),
              AllOf(HasSubstr("'model/b1' has the shape [2]"), HasSubstr("accepted")));
  EXPECT_THAT(planted([&] {
                const Shape shape = training.state.model.at("b1").shape();
                write_npy((state() / "model" / "b1.npy").string(), Values(DType::f64, shape));
              }),
              HasSubstr("'model/b1' was changed since it was written"));
  EXPECT_THAT(planted([&] { fs::resize_file(state() / "training.json", 100); }),
              AllOf(HasSubstr("training.json"), HasSubstr("cut off or malformed")));
  EXPECT_THAT(planted([&] { std::ofstream(folder_ / "latest") << "state_7"; }), HasSubstr("names no saved state"));
}

TEST_F(SavedTrainingTest, AStateOfAnotherModelOrOptimizerIsNamed) {
  const SavedTraining training = trained();
  EXPECT_NO_THROW(expect_fits(training, "mlp", {.kind = "adam"}));
  EXPECT_THAT(refusal_of([&] { expect_fits(training, "conv", {.kind = "adam"}); }),
              AllOf(HasSubstr("saved state of mlp"), HasSubstr("for conv"), HasSubstr("missing: k1")));
  EXPECT_THAT(refusal_of([&] { expect_fits(training, "mlp", {.kind = "sgd"}); }),
              HasSubstr("has 'exp_avg.b1', which sgd does not keep"));
  EXPECT_THAT(refusal_of([&] { expect_fits(training, "mlp", {.kind = "adam", .amsgrad = true}); }),
              HasSubstr("lacks 'max_exp_avg_sq.b1'"));
  SavedTraining without = training;
  without.state.optimizer.erase("step.w2");
  EXPECT_THAT(refusal_of([&] { expect_fits(without, "mlp", {.kind = "adam"}); }), HasSubstr("lacks 'step.w2'"));
}

TEST_F(SavedTrainingTest, AFolderThatCannotBeWrittenIsNamed) {
  std::ofstream(folder_.string()) << "a file, no folder";
  EXPECT_THAT(refusal_of([&] { prepare_for_saving(folder_ / "below"); }), HasSubstr(folder_.string()));
  EXPECT_THAT(refusal_of([&] { save_training(trained(), folder_); }), HasSubstr(folder_.string()));
}

}  // namespace
}  // namespace lockstep
