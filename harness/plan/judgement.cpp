// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/judgement.hpp"

#include <algorithm>

#include "harness/data/non_finite.hpp"

#ifdef __FAST_MATH__
#error "judging must not be compiled with fast-math: a NaN would pass"
#endif

namespace lockstep {
namespace {

// Where inputs hold NaN, large outputs are full of right ones; beyond this many outside the sample, evenly spaced ones are
// judged, since each costs its formula.
constexpr std::size_t kMostStrays = 4096;

/// A coarse grid over the output: the last axis across, everything before it down.
class MapBuilder {
 public:
  explicit MapBuilder(const Shape& shape) {
    columns_ = shape.empty() ? 1 : std::max<std::int64_t>(shape.back(), 1);
    rows_ = std::max<std::int64_t>(element_count(shape) / columns_, 1);
    map_.columns = std::min<std::int64_t>(columns_, 32);
    map_.rows = std::min<std::int64_t>(rows_, 16);
    map_.cells.assign(static_cast<std::size_t>(map_.rows * map_.columns), -1.0);
  }
  void add(std::int64_t index, double error) {
    const std::int64_t row = (index / columns_) * map_.rows / rows_,
                       column = (index % columns_) * map_.columns / columns_;
    double& cell = map_.cells[static_cast<std::size_t>(row * map_.columns + column)];
    cell = std::max(cell, error);
  }
  FailureMap take() { return std::move(map_); }

 private:
  std::int64_t rows_, columns_;
  FailureMap map_;
};

/// The non-finite elements outside the (ascending) sample that are to be judged as well.
std::vector<std::int64_t> strays_of(const TensorView& view, const std::vector<std::int64_t>& sample) {
  std::vector<std::int64_t> strays = non_finite_elements(view);
  std::erase_if(strays, [&](std::int64_t index) { return std::binary_search(sample.begin(), sample.end(), index); });
  if (strays.size() <= kMostStrays) return strays;
  for (std::size_t k = 0; k < kMostStrays; ++k) strays[k] = strays[k * strays.size() / kMostStrays];
  strays.resize(kMostStrays);
  return strays;
}

}  // namespace

Judge::Judge(const Operator& definition, const Problem& problem, const Signature& signature,
             const std::vector<Values>& inputs, const PrecisionContract& contract, Coverage coverage,
             std::uint64_t seed)
    : problem_(problem), signature_(signature), contract_(contract) {
  const ContractScope scope(contract_);
  evaluator_ = definition.tracked(problem, operands_of<Tracked>(inputs));
  for (const TensorSpec& spec : signature.outputs)
    samples_.push_back(choose_sample(element_count(spec.shape), coverage, seed));
  expected_.resize(samples_.size());
}

Demand Judge::demand(std::size_t output) const {
  const TensorSpec& spec = signature_.outputs[output];
  if (spec.copy && contract_.copies_keep_zero_sign) return Demand::copied_bits;
  const bool exact = spec.copy || (spec.exact && problem_.fill == Fill::exact);
  return exact ? Demand::rounded_truth : Demand::within_gates;
}

const Tracked& Judge::expected(std::size_t output, std::int64_t position) const {
  std::vector<Tracked>& known = expected_[output];
  if (known.empty()) {
    const ContractScope scope(contract_);
    known.reserve(samples_[output].size());
    for (const std::int64_t index : samples_[output]) known.push_back(evaluator_->element(output, index));
  }
  return known[static_cast<std::size_t>(position)];
}

void Judge::judge_output(std::size_t output, const GuardedTensor& tensor, Judgement& judgement) const {
  const TensorSpec& spec = signature_.outputs[output];
  const TensorView& view = tensor.host_view();
  const Demand demanded = demand(output);
  const bool contiguous = view.is_contiguous();
  Margins& margins = judgement.margins;
  margins.elements_total += view.count();
  margins.exact_gate = margins.exact_gate || demanded != Demand::within_gates;

  Failure worst;
  worst.output = spec.name;
  bool failed = false;
  MapBuilder map(spec.shape);
  const auto look = [&](std::int64_t index, const Tracked& truth) {
    const double got =
        load_element(view.data, view.dtype, contiguous ? index : offset_of(index, view.shape, view.strides));
    const ElementVerdict verdict = judge_element(got, truth, spec.dtype, contract_, demanded);
    ++margins.elements_judged;
    margins.not_correctly_rounded += verdict.correctly_rounded ? 0 : 1;
    margins.worst_bound = std::max(margins.worst_bound, verdict.error_in_bounds);
    margins.worst_rms = std::max(margins.worst_rms, verdict.error_in_rms);
    map.add(index, verdict.error_in_bounds);
    if (verdict.rejected_by == Gate::none) return;
    ++worst.failing_elements;
    if (failed && !(verdict.error_in_bounds > worst.error_in_bounds)) return;
    failed = true;
    worst.index = coordinates_of(index, spec.shape);
    worst.expected = truth.value;
    worst.got = got;
    worst.error_in_bounds = verdict.error_in_bounds;
    worst.gate = verdict.rejected_by;
  };

  const std::vector<std::int64_t>& sample = samples_[output];
  for (std::size_t k = 0; k < sample.size(); ++k) look(sample[k], expected(output, static_cast<std::int64_t>(k)));
  std::size_t judged = sample.size();
  if (static_cast<std::int64_t>(sample.size()) < view.count()) {
    const ContractScope scope(contract_);
    const std::vector<std::int64_t> strays = strays_of(view, sample);
    for (const std::int64_t index : strays) look(index, evaluator_->element(output, index));
    judged += strays.size();
  }
  if (!failed) return;
  worst.map = map.take();
  const bool other_zero = demanded == Demand::copied_bits && are_opposite_zeros(worst.got, worst.expected);
  worst.message = spec.name + to_text(worst.index) +
                  (other_zero ? " has the sign of the other zero, though it is a copy"
                   : worst.gate == Gate::non_finite
                       ? " is off by more than the kind of number allows"
                       : " is off by more than the " + std::string(name_of(worst.gate)) + " gate allows") +
                  "; " + std::to_string(worst.failing_elements) + " of " + std::to_string(judged) +
                  " judged elements fail";
  if (!judgement.failure || worst.error_in_bounds > judgement.failure->error_in_bounds)
    judgement.failure = std::move(worst);
}

namespace {

/// The failure to describe for an output: one already found there is kept, with its map and numbers, another's is replaced.
Failure& failure_of(Judgement& judgement, const std::string& output) {
  if (!judgement.failure || judgement.failure->output != output) judgement.failure.emplace().output = output;
  return *judgement.failure;
}

}  // namespace

Judgement Judge::judge(const std::vector<std::unique_ptr<GuardedTensor>>& outputs) const {
  Judgement judgement;
  for (std::size_t output = 0; output < outputs.size(); ++output) judge_output(output, *outputs[output], judgement);
  for (std::size_t output = 0; output < outputs.size(); ++output) {
    const std::string& name = signature_.outputs[output].name;
    if (const std::int64_t at = outputs[output]->first_unwritten(); at >= 0) {
      Failure& failure = failure_of(judgement, name);
      const TensorView& view = outputs[output]->host_view();
      const ContractScope scope(contract_);
      failure.index = coordinates_of(at, view.shape);
      failure.expected = evaluator_->element(output, at).value;
      failure.got = load_element(view.data, view.dtype, offset_of(at, view.shape, view.strides));
      failure.message = name + to_text(failure.index) + " was never written";
    }
    if (const auto damage = outputs[output]->damage()) failure_of(judgement, name).message = name + ": " + *damage;
  }
  return judgement;
}

}  // namespace lockstep
