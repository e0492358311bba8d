// SPDX-License-Identifier: Apache-2.0
#include "suites/replay/replay.hpp"

#include <gmock/gmock.h>

#include <sstream>

#include "suites/operators/problems.hpp"
#include "suites/replay/testing/case_folder.hpp"

namespace lockstep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace lockstep::testing;

/// add with a kernel in place of its own that writes `scale` times the right y, or leaves the last element out.
Catalogue with_faulty_add(double scale, bool leaves_last) {
  Catalogued entry = catalogue().find("add");
  const auto prepare = [scale, leaves_last](const Problem& problem, const Tensors& tensors, Device&) -> Launch {
    const double alpha = problem.parameters.real("alpha", 1.0);
    return [=] {
      const TensorView& y = tensors.outputs[0];
      for (std::int64_t i = 0; i < y.count() - (leaves_last ? 1 : 0); ++i)
        store_element(y.data, y.dtype, i,
                      scale * (load_element(tensors.inputs[0].data, y.dtype, i) +
                               alpha * load_element(tensors.inputs[1].data, y.dtype, i)));
    };
  };
  entry.implementations = {{.backend = Backend::cuda,
                            .direction = Direction::forward,
                            .idea = "faulty",
                            .unsupported = [](const Problem&, const Device&) { return std::optional<std::string>(); },
                            .contract = [](const Problem&) { return PrecisionContract{}; },
                            .prepare = prepare}};
  return Catalogue({std::move(entry)});
}

class Replay : public ::testing::Test {
 protected:
  int run(const std::string& implementation = "reference", std::optional<DType> dtype = std::nullopt,
          const Catalogue& operators = catalogue()) {
    std::ostringstream out, err;
    const int status = replay(
        {.folders = {cases().string()}, .out = results().string(), .implementation = implementation, .dtype = dtype},
        operators, out, err);
    out_ = out.str();
    err_ = err.str();
    return status;
  }
  std::filesystem::path cases() const { return folder_.path() / "cases"; }
  std::filesystem::path results() const { return folder_.path() / "results"; }
  Values result(const std::string& name) const { return read_npy((results() / (name + ".npy")).string()); }

  std::string out_, err_;

 private:
  TemporaryFolder folder_;
};

TEST_F(Replay, AgreesInEveryDtypeWithReferenceAndKernel) {
  write_add_case(cases() / "some" / "add");
  for (const auto& [implementation, dtype] :
       {std::pair{"reference", DType::f64}, std::pair{"reference", DType::f32}, std::pair{"reference", DType::f16},
        std::pair{"cuda", DType::f32}, std::pair{"cuda", DType::bf16},
        std::pair{"reference.plain_float", DType::f32}}) {
    EXPECT_EQ(run(implementation, dtype), 0) << implementation << out_ << err_;
    EXPECT_THAT(out_, HasSubstr("some/add: agreed (3 arrays"));
    EXPECT_EQ(result("some/add/y").dtype(), dtype == DType::f64 ? DType::f64 : DType::f32);
    EXPECT_EQ(result("some/add/d_b")[1], -8.0);
  }
}

TEST_F(Replay, ComputesInDoubleByDefaultAndInFloatElsewhere) {
  write_add_case(cases() / "add");
  ASSERT_EQ(run("reference"), 0) << out_;
  EXPECT_EQ(result("add/y").dtype(), DType::f64);
  ASSERT_EQ(run("cuda"), 0) << out_;
  EXPECT_EQ(result("add/y").dtype(), DType::f32);
}

TEST_F(Replay, CatchesAWrongExpectation) {
  write_add_case(cases() / "add");
  write_array(cases() / "add", "d_b", doubles({2}, {2.0, -8.0 * (1 + 2e-9)}));
  EXPECT_EQ(run("reference", DType::f64), 1);
  EXPECT_THAT(out_, AllOf(HasSubstr("add: differs (d_b[1] is -8"), Not(HasSubstr("y["))));
  // In float32 the formula is still held to the case in float64, whatever the rounding bound.
  EXPECT_EQ(run("cuda", DType::bf16), 1);
  EXPECT_THAT(out_, HasSubstr("(the formula in float64)"));
}

TEST_F(Replay, CatchesAWrongKernel) {
  write_text(cases() / "add" / "case.json", R"({"op": "add", "params": {}, "inputs": ["a", "b"], "expected": ["y"]})");
  write_array(cases() / "add", "a", doubles({2}, {1.0, 0.5}));
  write_array(cases() / "add", "b", doubles({2}, {3.0, 0.25}));
  write_array(cases() / "add", "y", doubles({2}, {4.0, 0.75}));
  EXPECT_EQ(run("cuda", DType::f32, with_faulty_add(1.0, false)), 0) << out_;
  EXPECT_EQ(run("cuda", DType::f32, with_faulty_add(1.0 + 1e-6, false)), 1);
  EXPECT_THAT(out_, HasSubstr("add: differs (y["));
  EXPECT_EQ(run("cuda", DType::f32, with_faulty_add(1.0, true)), 1);
  EXPECT_THAT(out_, HasSubstr("add: failed (cuda.faulty: y[1] was never written)"));
}

TEST_F(Replay, RefusesWhatMustBeRefused) {
  const std::string call = R"({"op": "softmax", "params": {"dim": 2}, "inputs": ["x"])";
  write_array(cases() / "softmax", "x", doubles({1, 2}, {1, 2}));
  write_text(cases() / "softmax" / "case.json",
             call + R"(, "expect_error": {"type": "IndexError", "message": "..."}})");
  EXPECT_EQ(run(), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("softmax: refused as it must (Dimension out of range"));
  EXPECT_THAT(read_text(results() / "softmax" / "error.txt"), HasSubstr("Dimension out of range"));

  write_text(cases() / "softmax" / "case.json", call + "}");
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(out_, HasSubstr("softmax: refused but must not"));

  write_text(
      cases() / "softmax" / "case.json",
      R"({"op": "softmax", "params": {"dim": 1}, "inputs": ["x"], "expect_error": {"message": "no such axis"}})");
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(out_, HasSubstr("softmax: not refused but must be (PyTorch: no such axis)"));
  EXPECT_FALSE(std::filesystem::exists(results() / "softmax" / "error.txt"));
}

TEST_F(Replay, ComputesWhereThereIsNothingToCompare) {
  write_text(cases() / "one" / "case.json", R"({"op": "relu", "params": {}, "inputs": ["x"]})");
  write_array(cases() / "one", "x", doubles({2}, {-1, 2}));
  EXPECT_EQ(run(), 0);
  EXPECT_THAT(out_, HasSubstr("one: computed (nothing to compare with)"));
  EXPECT_EQ(result("one/y")[1], 2.0);
}

TEST_F(Replay, SaysWhatItDoesNotServe) {
  write_text(cases() / "lstm" / "case.json", R"({"op": "lstm", "params": {}, "inputs": []})");
  write_text(cases() / "mode" / "mode.json",
             R"({"model": "mlp", "family": "telepathy", "optimizer": {"kind": "sgd"}})");
  EXPECT_EQ(run(), 3) << out_;
  EXPECT_THAT(read_text(results() / "lstm" / "skipped.txt"), HasSubstr("does not have the op 'lstm'"));
  EXPECT_THAT(read_text(results() / "mode" / "skipped.txt"),
              HasSubstr("the family telepathy is not served; accepted: single"));
  write_add_case(cases() / "add");
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(out_, HasSubstr("3 cases, 1 agreed, 2 not served"));
}

TEST_F(Replay, TrainsAsAModeSaysAndNamesWhatIsMalformed) {
  const std::filesystem::path model = cases() / "mlp", mode = model / "twice";
  const auto put = [&](const std::string& name, const Values& values) {
    std::filesystem::create_directories((model / name).parent_path());
    write_npy((model / (name + ".npy")).string(), values);
  };
  put("init/w1", doubles({1, 1}, {0.5}));
  put("init/w2", doubles({1, 1}, {0.25}));
  put("init/w3", doubles({1, 1}, {0.0}));
  for (const char* bias : {"init/b1", "init/b2", "init/b3"}) put(bias, doubles({1}, {0.0}));
  put("data/x", doubles({2, 2, 1}, {0, 0, 0, 0}));
  put("data/y", doubles({2, 2, 1}, {1, 1, 1, 1}));
  const std::string plan = R"("model": "mlp", "optimizer": {"kind": "sgd", "lr": 0.25}, "family": )";
  // With inputs and w3 of 0 the output is b3 and nothing else moves: losses (1 - b3)^2, b3 moves by 0.25 * 2 (1 - b3).
  write_text(mode / "mode.json", "{" + plan + R"("distributed_data_parallel", "ranks": 2, "steps": 2})");
  put("twice/grad_norms", doubles({2}, {2, 1}));
  EXPECT_EQ(run(), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("mlp/twice: agreed (1 arrays"));
  EXPECT_EQ(result("mlp/twice/losses").shape(), (Shape{2, 2}));
  EXPECT_EQ(result("mlp/twice/losses")[3], 0.25);
  EXPECT_EQ(result("mlp/twice/final/b3")[0], 0.75);
  put("twice/grad_norms", doubles({2}, {2, 1.001}));
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(out_, HasSubstr("mlp/twice: differs (grad_norms"));
  write_text(mode / "mode.json", "{" + plan + R"("single", "steps": 3})");
  EXPECT_EQ(run(), 2);
  EXPECT_THAT(out_, HasSubstr("'steps' is 3; accepted: 1 to the 2 of the data"));
  write_text(mode / "mode.json", "{" + plan + R"("single", "clip": {"type": "both"}})");
  EXPECT_EQ(run(), 2);
  EXPECT_THAT(out_, HasSubstr("'clip': 'type' is both; accepted: norm, value"));
}

TEST_F(Replay, SaysWhatAnImplementationDoesNotServe) {
  write_add_case(cases() / "add");
  EXPECT_EQ(run("cuda", DType::f64), 3) << out_;
  EXPECT_THAT(read_text(results() / "add" / "skipped.txt"), HasSubstr("cuda."));
  // A name that exists forward only serves the forward; the case as a whole is not served.
  EXPECT_EQ(run("cuda.faulty", DType::f32, with_faulty_add(1.0, false)), 3) << out_;
  EXPECT_THAT(out_, HasSubstr("(add.backward: there is no implementation cuda.faulty; what was served agrees)"));
  EXPECT_EQ(result("add/y")[0], 7.0);
  EXPECT_THAT(error_of([&] { run("cuda.no_such"); }),
              HasSubstr("unknown implementation 'cuda.no_such'; accepted: reference"));
}

TEST_F(Replay, GoesOnBehindACaseThatCannotBeRead) {
  write_add_case(cases() / "good");
  write_text(cases() / "bad" / "case.json", "{");
  write_add_case(cases() / "cut");
  write_text(cases() / "cut" / "f64" / "y.npy", "\x93NUMPY");
  write_text(cases() / "unknown" / "case.json", R"({"op": "sofmax", "params": {}, "inputs": []})");
  EXPECT_EQ(run(), 2);
  EXPECT_THAT(out_, AllOf(HasSubstr("bad: unreadable"), HasSubstr("cut: unreadable"), HasSubstr("good: agreed")));
  EXPECT_THAT(err_, AllOf(HasSubstr("bad/case.json: is no JSON"), HasSubstr("cut/f64/y.npy: truncated"),
                          HasSubstr("unknown/case.json: unknown op 'sofmax'")));
  EXPECT_EQ(std::count(err_.begin(), err_.end(), '\n'), 3);
  EXPECT_THAT(read_text(results() / "bad" / "skipped.txt"), HasSubstr("is no JSON"));
}

TEST_F(Replay, RunsABlockOfBatchNormSteps) {
  // Momentum None averages: after the batches {0, 2} and {4, 8} the mean is (1 + 6) / 2, the unbiased variance (2 + 8)
  // / 2.
  write_text(
      cases() / "seq" / "case.json",
      R"({"op": "batch_norm_seq", "params": {"dims": 1, "momentum": null, "eps": 4.0, "train_steps": 2, "then": "eval"},
                 "inputs": ["x0", "x1", "x_eval"], "grad_outputs": ["g_y_eval"], "grads": ["d_x_eval"],
                 "expected": ["running_mean_0", "running_mean_1", "running_var_1", "y_eval", "num_batches_tracked"]})");
  write_array(cases() / "seq", "x0", doubles({2, 1}, {0, 2}));
  write_array(cases() / "seq", "x1", doubles({2, 1}, {4, 8}));
  write_array(cases() / "seq", "x_eval", doubles({1, 1}, {6.5}));
  write_array(cases() / "seq", "g_y_eval", doubles({1, 1}, {6.0}));
  write_array(cases() / "seq", "running_mean_0", doubles({1}, {1.0}));
  write_array(cases() / "seq", "running_mean_1", doubles({1}, {3.5}));
  write_array(cases() / "seq", "running_var_1", doubles({1}, {5.0}));
  write_array(cases() / "seq", "y_eval", doubles({1, 1}, {1.0}));
  write_array(cases() / "seq", "d_x_eval", doubles({1, 1}, {2.0}));
  write_array(cases() / "seq", "num_batches_tracked", doubles({}, {2}, DType::i64));
  EXPECT_EQ(run("reference", DType::f64), 0) << out_ << err_;
  EXPECT_EQ(run("reference", DType::f32), 0) << out_ << err_;
  EXPECT_EQ(run("cuda", DType::f16), 0) << out_ << err_;
  EXPECT_EQ(result("seq/num_batches_tracked").dtype(), DType::i64);
  write_array(cases() / "seq", "running_mean_1", doubles({1}, {3.5 + 1e-8}));
  EXPECT_EQ(run("reference", DType::f64), 1);
  EXPECT_THAT(out_, HasSubstr("seq: differs (running_mean_1[0] is 3.5"));
}

TEST_F(Replay, RefusesPlacesItMustNotOrCannotWrite) {
  write_add_case(cases() / "add");
  std::ostringstream out, err;
  const auto with_out = [&](const std::filesystem::path& place) {
    return error_of([&] {
      replay({.folders = {cases().string()}, .out = place.string(), .implementation = "reference", .dtype = {}},
             catalogue(), out, err);
    });
  };
  EXPECT_THAT(with_out(cases() / "add" / "case.json"),
              AllOf(HasSubstr("--out"), HasSubstr("accepted: a writable folder")));
  EXPECT_THAT(with_out(cases()), HasSubstr("would go into the case itself"));
  EXPECT_THAT(with_out(""), HasSubstr("--out is missing"));
  // A folder where a result should go: the message names the file.
  std::filesystem::create_directories(results() / "add" / "y.npy");
  EXPECT_THAT(with_out(results()), HasSubstr("y.npy: cannot be written"));
}

}  // namespace
}  // namespace lockstep
