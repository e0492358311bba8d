// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "harness/data/error.hpp"
#include "suites/replay/blocks.hpp"

namespace lockstep {
namespace {

class Sequence {
 public:
  Sequence(const CaseProblem& item, const ComputeProblem& compute) : item_(item), compute_(compute) {
    const Parameters& given = item.problem.parameters;
    steps_ = given.integer("train_steps", count_steps());
    if (steps_ < 0) throw Error("batch_norm_seq: train_steps is negative; accepted: 0 or more");
    if (given.text("then", "eval") != "eval")
      throw Error("batch_norm_seq: then=" + given.text("then", "") + "; accepted: eval");
    const Shape& shape = input("x_eval").shape();
    if (shape.size() < 2)
      throw Error("batch_norm_seq: x_eval has the shape " + to_text(shape) + "; accepted: [N, C, ...]");
    const Shape channels{shape[1]};
    mean_ = Values(DType::f64, channels);
    variance_ = Values(DType::f64, channels);
    for (std::int64_t c = 0; c < channels[0]; ++c) variance_.set(c, 1.0);
    // A new module has a weight of 1 and a bias of 0: without them the numbers are the same.
    problem_ = item.problem;
    problem_.parameters = Parameters();
    for (const char* name : {"dims", "momentum", "eps"})
      if (given.has(name)) problem_.parameters.set(name, given.text(name, ""));
    problem_.parameters.set_boolean("affine", false);
  }

  OperatorRun run(bool with_gradient) {
    for (std::int64_t step = 0; step < steps_ && all_.not_served.empty(); ++step) train(std::to_string(step));
    if (all_.not_served.empty()) evaluate(with_gradient);
    return std::move(all_);
  }

 private:
  std::int64_t count_steps() const {
    std::int64_t count = 0;
    while (item_.arrays.contains("x" + std::to_string(count))) ++count;
    return count;
  }
  const Values& input(const std::string& name) const {
    const auto found = item_.arrays.find(name);
    if (found == item_.arrays.end())
      throw Error("batch_norm_seq: the array '" + name + "' is missing; accepted: x0 .. x<train_steps - 1>, x_eval");
    return found->second;
  }

  OperatorRun call(Direction direction, bool training, const std::string& x) {
    Problem problem = problem_;
    problem.direction = direction;
    problem.parameters.set_boolean("training", training);
    problem.parameters.set_integer("num_batches_tracked", batches_);
    NamedValues arrays{{"x", input(x)}, {"running_mean", mean_}, {"running_var", variance_}};
    problem.shapes.clear();
    for (const auto& [name, values] : arrays) problem.set_shape(name, values.shape());
    if (direction == Direction::backward) arrays.emplace("g_y", input("g_y_eval"));
    OperatorRun run = compute_(problem, arrays);
    all_.inputs_were_rounded = all_.inputs_were_rounded || run.inputs_were_rounded;
    all_.not_served = run.not_served;
    return run;
  }

  /// Moves an output into the results under the case's name.
  void keep(OperatorRun& run, const char* output, const std::string& name) {
    for (ComputedArray& array : run.arrays)
      if (array.name == output) {
        array.name = name;
        all_.arrays.push_back(std::move(array));
        return;
      }
    throw Error("batch_norm gave no " + std::string(output));
  }

  void train(const std::string& step) {
    OperatorRun run = call(Direction::forward, true, "x" + step);
    if (!run.not_served.empty()) return;
    keep(run, "running_mean_out", "running_mean_" + step);
    mean_ = all_.arrays.back().got;
    keep(run, "running_var_out", "running_var_" + step);
    variance_ = all_.arrays.back().got;
    ++batches_;
  }

  void evaluate(bool with_gradient) {
    OperatorRun run = call(Direction::forward, false, "x_eval");
    if (run.not_served.empty()) {
      keep(run, "y", "y_eval");
      keep(run, "num_batches_tracked_out", "num_batches_tracked");
    }
    if (!with_gradient) return;
    const std::string forward_not_served = all_.not_served;
    OperatorRun gradient = call(Direction::backward, false, "x_eval");
    if (gradient.not_served.empty()) keep(gradient, "d_x", "d_x_eval");
    if (all_.not_served.empty()) all_.not_served = forward_not_served;
  }

  const CaseProblem& item_;
  const ComputeProblem& compute_;
  std::int64_t steps_ = 0, batches_ = 0;
  Values mean_, variance_;
  Problem problem_;
  OperatorRun all_;
};

}  // namespace

OperatorRun run_batch_norm_sequence(const CaseProblem& item, const CaseDescription& description,
                                    const ComputeProblem& compute) {
  return Sequence(item, compute).run(!description.grad_outputs.empty());
}

}  // namespace lockstep
