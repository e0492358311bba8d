// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/fault_power.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/data/error.hpp"
#include "harness/plan/case_inputs.hpp"
#include "harness/plan/judgement.hpp"
#include "harness/plan/memory_faults.hpp"

namespace lockstep {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Value of output element (output, index), or nothing when a fault leaves it unwritten.
using Answer = std::function<std::optional<double>(std::size_t output, std::int64_t index)>;

/// One problem with its truth, before which all faults are brought.
class Trial {
 public:
  Trial(const Operator& definition, const Problem& problem, std::uint64_t seed)
      : definition_(definition),
        problem_(problem),
        signature_(definition.signature(problem)),
        inputs_(draw_inputs(definition, problem, signature_, seed)),
        device_(make_host_device(DeviceKind::cpu)),
        // The widest contract: whatever it catches, a tighter one catches too.
        judge_(definition, problem, signature_, inputs_, PrecisionContract{}, Coverage::full, seed),
        outputs_(place_outputs(*device_, problem, signature_)) {
    const Judgement judgement =
        judged([this](std::size_t output, std::int64_t i) { return std::optional(truth(output, i)); });
    if (judgement.failure)
      throw Error(problem.operation() + "/" + problem.label() +
                  ": the judge rejects the truth: " + judgement.failure->message);
  }

  double truth(std::size_t output, std::int64_t index) const { return judge_.expected(output, index).value; }
  const Signature& signature() const { return signature_; }
  const std::vector<Values>& inputs() const { return inputs_; }
  std::int64_t count(std::size_t output) const { return element_count(signature_.outputs[output].shape); }

  /// Effect of a finite or infinite wrong value in units of the gate of that element.
  double effect(std::size_t output, std::int64_t index, double wrong) const {
    const Tracked& expected = judge_.expected(output, index);
    // What rounding to the output type undoes is no fault: no implementation could store it.
    const DType stored = signature_.outputs[output].dtype;
    const double stored_wrong = round_to(stored, wrong), stored_truth = round_to(stored, expected.value);
    const Demand demand = judge_.demand(output);
    if (demand == Demand::copied_bits && are_opposite_zeros(stored_wrong, stored_truth)) return kInfinity;
    if (stored_wrong == stored_truth) return 0;
    if (std::isnan(wrong) != std::isnan(expected.value) || std::isinf(wrong) != std::isinf(expected.value))
      return kInfinity;
    if (!std::isfinite(wrong)) return wrong == expected.value || std::isnan(wrong) ? 0 : kInfinity;
    const double difference = std::abs(wrong - expected.value);
    if (difference == 0) return 0;
    const Allowance allowed = allowance(expected, signature_.outputs[output].dtype, judge_.contract());
    const double limit = demand != Demand::within_gates
                             ? unit_roundoff(signature_.outputs[output].dtype) * std::abs(expected.value)
                             : allowed.limit;
    return limit == 0 ? kInfinity : difference / limit;
  }

  Judgement judged(const Answer& answer) {
    for (std::size_t output = 0; output < outputs_.size(); ++output) {
      outputs_[output]->poison(GuardedTensor::kFirstPoison);
      const TensorView& view = outputs_[output]->host_view();
      for (std::int64_t i = 0; i < count(output); ++i)
        if (const auto value = answer(output, i))
          store_element(view.data, view.dtype, offset_of(i, view.shape, view.strides), *value);
    }
    return judge_.judge(outputs_);
  }

  /// A fault given as an evaluator of wrong answers.
  FaultTrial formula(std::string id, std::string description, const Evaluator<double>& wrong) {
    return values(std::move(id), std::move(description),
                  [&wrong](std::size_t output, std::int64_t i) { return std::optional(wrong.element(output, i)); });
  }

  /// A fault given by its values; an absent value is an unwritten element, whose effect is unlimited.
  FaultTrial values(std::string id, std::string description, const Answer& answer) {
    FaultTrial trial{.fault = std::move(id), .description = std::move(description), .equivalent = {}};
    for (std::size_t output = 0; output < outputs_.size(); ++output)
      for (std::int64_t i = 0; i < count(output); ++i) {
        const auto value = answer(output, i);
        trial.effect_in_gates = std::max(trial.effect_in_gates, value ? effect(output, i, *value) : kInfinity);
      }
    trial.applies = trial.effect_in_gates > kFaultGates;
    if (trial.applies) trial.caught = judged(answer).failure.has_value();
    return trial;
  }

 private:
  const Operator& definition_;
  const Problem& problem_;
  Signature signature_;
  std::vector<Values> inputs_;
  std::unique_ptr<Device> device_;
  Judge judge_;
  PlacedTensors outputs_;
};

/// Whether the element lies in the last row (run of the last axis) or the last channel (axis 1).
bool in_last_row(std::int64_t index, const Shape& shape) {
  return !shape.empty() && index >= element_count(shape) - shape.back();
}
bool in_last_channel(std::int64_t index, const Shape& shape) {
  return shape.size() >= 2 && coordinates_of(index, shape)[1] == shape[1] - 1;
}

void add_structural_faults(Trial& trial, std::vector<FaultTrial>& trials) {
  const auto leaving_out = [&](auto is_left_out) {
    return [&trial, is_left_out](std::size_t output, std::int64_t i) -> std::optional<double> {
      if (is_left_out(i, trial.signature().outputs[output].shape)) return std::nullopt;
      return trial.truth(output, i);
    };
  };
  trials.push_back(trial.values("zeros", "zeros instead of the result",
                                [](std::size_t, std::int64_t) { return std::optional(0.0); }));
  trials.push_back(trial.values("last_element_unwritten", "the last element is never written",
                                leaving_out([](std::int64_t i, const Shape& s) { return i == element_count(s) - 1; })));
  trials.push_back(trial.values("last_row_unwritten", "the last row is never written", leaving_out(in_last_row)));
  const bool has_channels = std::any_of(trial.signature().outputs.begin(), trial.signature().outputs.end(),
                                        [](const TensorSpec& spec) { return spec.shape.size() >= 2; });
  if (has_channels)
    trials.push_back(trial.values("last_channel_unwritten", "the last channel (axis 1) is never written",
                                  leaving_out(in_last_channel)));
  trials.push_back(
      trial.values("nan_in_one_element", "NaN in one element", [&trial](std::size_t output, std::int64_t i) {
        const bool hit = output == 0 && i == trial.count(0) / 2;
        return std::optional(hit ? std::numeric_limits<double>::quiet_NaN() : trial.truth(output, i));
      }));

  const std::vector<TensorSpec>& outputs = trial.signature().outputs;
  if (std::any_of(outputs.begin(), outputs.end(), [](const TensorSpec& spec) { return spec.copy; }))
    trials.push_back(trial.values(
        "zero_sign_lost", "a copied -0 becomes 0",
        [&trial](std::size_t output, std::int64_t i) { return std::optional(trial.truth(output, i) + 0.0); }));

  // The neighbours that differ most: a swap of equal elements is no fault.
  std::int64_t first = -1;
  double largest = 0;
  for (std::int64_t i = 0; i + 1 < trial.count(0); ++i)
    if (const double effect = trial.effect(0, i, trial.truth(0, i + 1)); effect > largest) {
      largest = effect;
      first = i;
      if (std::isinf(effect)) break;
    }
  trials.push_back(trial.values("neighbours_swapped", "one element and its neighbour swapped",
                                [&trial, first](std::size_t output, std::int64_t i) {
                                  if (output == 0 && first >= 0 && (i == first || i == first + 1))
                                    return std::optional(trial.truth(0, 2 * first + 1 - i));
                                  return std::optional(trial.truth(output, i));
                                }));
}

void add_precision_faults(const Operator& definition, const Problem& problem, Trial& trial,
                          std::vector<FaultTrial>& trials) {
  std::vector<Values> rounded = trial.inputs();
  for (Values& values : rounded) {
    if (!is_floating(values.dtype())) continue;
    for (std::int64_t i = 0; i < values.count(); ++i) values.set(i, round_to(DType::bf16, values[i]));
  }
  FaultTrial inputs = trial.formula("inputs_rounded_to_bf16", "inputs rounded to bfloat16 before use",
                                    *definition.in_double(problem, operands_of<double>(rounded)));
  const auto low = definition.in_bfloat16(problem, operands_of<LowPrecision<DType::bf16>>(trial.inputs()));
  FaultTrial accumulation =
      trial.values("bf16_accumulation", "every intermediate rounded to bfloat16",
                   [&low](std::size_t output, std::int64_t i) { return std::optional(low->element(output, i).value); });
  if (problem.dtype == DType::bf16) {
    inputs.equivalent = "the inputs are bfloat16 already";
    if (accumulation.effect_in_gates <= 1)
      accumulation.equivalent = "one rounding to bfloat16, as the result has anyway";
  }
  trials.push_back(std::move(inputs));
  trials.push_back(std::move(accumulation));
}

}  // namespace

std::vector<FaultTrial> try_faults(const Operator& definition, const Problem& problem, std::uint64_t seed) {
  std::vector<FaultTrial> trials;
  Trial trial(definition, problem, seed);
  for (const Fault& fault : definition.faults(problem))
    if (const auto wrong = fault.wrong(problem, trial.inputs()))
      trials.push_back(trial.formula(fault.id, fault.description, *wrong));
  add_structural_faults(trial, trials);
  add_precision_faults(definition, problem, trial, trials);
  add_memory_faults(definition, problem, seed, trials);
  for (const Equivalence& equivalence : definition.equivalences()) {
    const auto holds = [&problem](const auto& list, auto value) {
      return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
    };
    if (!holds(equivalence.dtypes, problem.dtype) || !holds(equivalence.directions, problem.direction)) continue;
    for (FaultTrial& one : trials)
      if (one.fault == equivalence.fault) one.equivalent = equivalence.reason;
  }
  return trials;
}

}  // namespace lockstep
