// SPDX-License-Identifier: Apache-2.0
#include "harness/data/error.hpp"
#include "suites/replay/blocks.hpp"

namespace lockstep {
namespace {

/// How an operator's tensors are called in a case of many steps.
struct StateTensor {
  std::string input, output, in_case;
};

class Steps {
 public:
  Steps(const CaseProblem& item, const CaseDescription& description, const ComputeProblem& compute,
        std::vector<StateTensor> state)
      : item_(item), op_(description.op), compute_(compute), state_(std::move(state)), problem_(item.problem) {
    steps_ = problem_.parameters.integer("steps", count_gradients());
    if (steps_ < 0) throw Error(op_ + ": steps is negative; accepted: 0 or more");
    problem_.parameters.remove("steps");
    const Values& p = input("p");
    arrays_.emplace("p", p);
    // Before the first step: whether the parameters are any that PyTorch takes, with or without a gradient.
    problem_.shapes.clear();
    problem_.set_shape("grad", p.shape());
    (void)item_.entry->definition->signature(problem_);
  }

  /// `set_step` tells the problem which step it is, from 0. State starts at zero where the operator reads it.
  OperatorRun run(void (*set_step)(Parameters&, std::int64_t step)) {
    for (std::int64_t step = 0; step < steps_ && all_.not_served.empty(); ++step) {
      set_step(problem_.parameters, step);
      take("grad" + std::to_string(step), "p_after" + std::to_string(step));
    }
    if (all_.not_served.empty() && steps_ > 0)
      for (const StateTensor& tensor : state_)
        if (const auto last = last_.find(tensor.output); last != last_.end()) {
          last->second.name = tensor.in_case;
          all_.arrays.push_back(std::move(last->second));
        }
    return std::move(all_);
  }

 private:
  std::int64_t count_gradients() const {
    std::int64_t count = 0;
    while (item_.arrays.contains("grad" + std::to_string(count))) ++count;
    return count;
  }
  const Values& input(const std::string& name) const {
    const auto found = item_.arrays.find(name);
    if (found == item_.arrays.end())
      throw Error(op_ + ": the array '" + name + "' is missing; accepted: p, grad0 .. grad<steps - 1>");
    return found->second;
  }

  void take(const std::string& gradient, const std::string& result) {
    arrays_.insert_or_assign("grad", input(gradient));
    problem_.shapes.clear();
    for (const char* name : {"p", "grad"}) problem_.set_shape(name, arrays_.at(name).shape());
    for (const StateTensor& tensor : state_)
      if (!arrays_.contains(tensor.input)) arrays_.emplace(tensor.input, Values(DType::f64, arrays_.at("p").shape()));
    OperatorRun run = compute_(problem_, arrays_);
    all_.inputs_were_rounded = all_.inputs_were_rounded || run.inputs_were_rounded;
    all_.not_served = run.not_served;
    for (ComputedArray& array : run.arrays) {
      if (array.name == "p_out") {
        array.name = result;
        arrays_.insert_or_assign("p", array.got);
        all_.arrays.push_back(std::move(array));
        continue;
      }
      for (const StateTensor& tensor : state_)
        if (array.name == tensor.output) arrays_.insert_or_assign(tensor.input, array.got);
      last_.insert_or_assign(array.name, std::move(array));
    }
  }

  const CaseProblem& item_;
  std::string op_;
  const ComputeProblem& compute_;
  std::vector<StateTensor> state_;
  Problem problem_;
  std::int64_t steps_ = 0;
  NamedValues arrays_;
  std::map<std::string, ComputedArray, std::less<>> last_;
  OperatorRun all_;
};

/// One step as Lockstep's own dumps have it: the operator's inputs under their own names.
bool is_single_step(const CaseProblem& item) { return item.arrays.contains("grad"); }

}  // namespace

OperatorRun run_sgd_steps(const CaseProblem& item, const CaseDescription& description, const ComputeProblem& compute) {
  if (is_single_step(item)) return compute(item.problem, item.arrays);
  Steps steps(item, description, compute, {{"momentum_buffer", "momentum_buffer_out", "state_momentum_buffer"}});
  return steps.run([](Parameters& parameters, std::int64_t step) { parameters.set_boolean("first_step", step == 0); });
}

OperatorRun run_adam_steps(const CaseProblem& item, const CaseDescription& description, const ComputeProblem& compute) {
  if (is_single_step(item)) return compute(item.problem, item.arrays);
  Steps steps(item, description, compute,
              {{"exp_avg", "exp_avg_out", "state_exp_avg"},
               {"exp_avg_sq", "exp_avg_sq_out", "state_exp_avg_sq"},
               {"max_exp_avg_sq", "max_exp_avg_sq_out", "state_max_exp_avg_sq"}});
  return steps.run([](Parameters& parameters, std::int64_t step) { parameters.set_integer("step", step + 1); });
}

}  // namespace lockstep
