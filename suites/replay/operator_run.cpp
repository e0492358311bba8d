// SPDX-License-Identifier: Apache-2.0
#include "suites/replay/operator_run.hpp"

#include <algorithm>
#include <set>

#include "harness/data/error.hpp"
#include "harness/numerics/gates.hpp"
#include "harness/plan/case_inputs.hpp"

namespace lockstep {
namespace {

bool holds_same_numbers(const Values& a, const Values& b) {
  for (std::int64_t i = 0; i < a.count(); ++i)
    if (!(a[i] == b[i]) && !(a[i] != a[i] && b[i] != b[i])) return false;  // a NaN stays a NaN in every dtype
  return true;
}

/// The arrays as the signature's inputs, in its order and dtypes; what the forward leaves behind is derived.
std::vector<Values> gather_inputs(const Operator& definition, const Problem& problem, const Signature& signature,
                                  const NamedValues& arrays, bool& were_rounded) {
  std::vector<Values> inputs;
  bool derives = false;
  for (const TensorSpec& spec : signature.inputs) {
    if (spec.role == Role::saved) {
      derives = true;
      inputs.emplace_back(spec.dtype, spec.shape);
      continue;
    }
    const auto found = arrays.find(spec.name);
    const std::string array = problem.operation() + ": the array '" + spec.name + "'";
    if (found == arrays.end()) throw Error(array + " is missing; accepted: shape " + to_text(spec.shape));
    const Values& given = found->second;
    if (given.shape() != spec.shape)
      throw Error(array + " has the shape " + to_text(given.shape()) + "; accepted: " + to_text(spec.shape));
    if (is_floating(given.dtype()) != is_floating(spec.dtype))
      throw Error(array + " holds " + std::string(name_of(given.dtype())) +
                  "; accepted: " + (is_floating(spec.dtype) ? "float64" : "int64"));
    inputs.push_back(given.rounded_to(spec.dtype));
    were_rounded = were_rounded || !holds_same_numbers(given, inputs.back());
  }
  definition.check_inputs(problem, inputs);
  if (derives) definition.derive_saved(problem, inputs);
  return inputs;
}

Values evaluate(const Evaluator<double>& evaluator, std::size_t output, const TensorSpec& spec) {
  Values values(is_floating(spec.dtype) ? DType::f64 : spec.dtype, spec.shape);
  for (std::int64_t i = 0; i < values.count(); ++i) values.set(i, evaluator.element(output, i));
  return values;
}

std::vector<ComputedArray> run_in_double(const Operator& definition, const Problem& problem, const Signature& signature,
                                         const std::vector<Values>& inputs) {
  const auto evaluator = definition.in_double(problem, operands_of<double>(inputs));
  std::vector<ComputedArray> arrays;
  for (std::size_t output = 0; output < signature.outputs.size(); ++output) {
    Values values = evaluate(*evaluator, output, signature.outputs[output]);
    arrays.push_back({.name = signature.outputs[output].name, .got = values, .truth = std::move(values), .bound = {}});
  }
  return arrays;
}

/// Launches once on guarded memory: an element nobody wrote, or a byte written outside, is no answer.
std::vector<Values> launch(const Implementation& implementation, const Problem& problem, const Signature& signature,
                           const std::vector<Values>& inputs, Device& device) {
  const auto placed_inputs = place_inputs(device, problem, signature, inputs);
  const auto placed_outputs = place_outputs(device, problem, signature);
  implementation.prepare(problem, views_of(placed_inputs, placed_outputs), device)();
  device.synchronize();
  std::vector<Values> outputs;
  for (std::size_t i = 0; i < placed_outputs.size(); ++i) {
    GuardedTensor& tensor = *placed_outputs[i];
    const TensorSpec& spec = signature.outputs[i];
    tensor.download();
    const std::string where = implementation.name() + ": " + spec.name;
    if (const auto damage = tensor.damage()) throw Error(where + ": " + *damage);
    if (const std::int64_t at = tensor.first_unwritten(); at >= 0)
      throw Error(where + to_text(coordinates_of(at, spec.shape)) + " was never written");
    const TensorView& view = tensor.host_view();
    outputs.push_back(load(view.data, view.dtype, view.shape, view.strides));
  }
  return outputs;
}

}  // namespace

ReplayMachine::ReplayMachine(const Catalogue& catalogue, std::string implementation, DType dtype)
    : wanted_(std::move(implementation)), dtype_(dtype) {
  if (!is_floating(dtype)) throw Error("replay in " + std::string(name_of(dtype)) + "; accepted: f64, f32, f16, bf16");
  if (wanted_ == "reference" || wanted_ == "cuda") return;
  std::set<std::string> names;
  for (const Catalogued& entry : catalogue.operators())
    for (const Implementation& known : entry.implementations) names.insert(known.name());
  if (names.contains(wanted_)) return;
  // Names of the backend that was meant; all of them would bury the message.
  const std::string backend = wanted_.substr(0, wanted_.find('.') + 1);
  std::string accepted = "reference, cuda", meant;
  for (const std::string& name : names)
    if (!backend.empty() && name.starts_with(backend) && meant.size() < 500) meant += ", " + name;
  accepted += meant + ", and the other names that lockstep list prints";
  throw Error("unknown implementation '" + wanted_ + "'; accepted: " + accepted);
}

Device& ReplayMachine::device_for(Backend backend) {
  const bool for_kernels = backend == Backend::cuda || !runs_on(backend, DeviceKind::cpu);
  std::unique_ptr<Device>& device = for_kernels ? kernels_ : cpu_;
  if (!device) {
    if (!for_kernels)
      device = make_host_device(DeviceKind::cpu);
    else if (gpu_unavailable().empty())
      device = make_gpu_device();
    else
      device = make_host_device(DeviceKind::emulated);
  }
  return *device;
}

const Implementation* ReplayMachine::choose(const Catalogued& entry, const Problem& problem, std::string& reason) {
  // Kernels that do not take a problem often say the same: each reason once, with the names it holds for.
  std::vector<std::pair<std::string, std::string>> names_by_refusal;
  for (const Implementation& candidate : entry.implementations) {
    if (candidate.direction != problem.direction) continue;
    if (wanted_ != candidate.name() && wanted_ != name_of(candidate.backend)) continue;
    Device& device = device_for(candidate.backend);
    std::optional<std::string> refusal;
    if (!runs_on(candidate.backend, device.kind()))
      refusal = gpu_unavailable();
    else
      refusal = candidate.unsupported(problem, device);
    if (!refusal) return &candidate;
    const auto same = std::find_if(names_by_refusal.begin(), names_by_refusal.end(),
                                   [&](const auto& known) { return known.first == *refusal; });
    if (same == names_by_refusal.end())
      names_by_refusal.emplace_back(*refusal, candidate.name());
    else
      same->second += ", " + candidate.name();
  }
  reason = problem.operation() + ": ";
  for (const auto& [refusal, names] : names_by_refusal)
    reason += (&refusal == &names_by_refusal.front().first ? "" : "; ") + names + ": " + refusal;
  if (names_by_refusal.empty()) reason += "there is no implementation " + wanted_;
  return nullptr;
}

OperatorRun ReplayMachine::run(const Catalogued& entry, Problem problem, const NamedValues& arrays) {
  if (wanted_ == "reference" && dtype_ == DType::f64) return evaluate_in_double(entry, std::move(problem), arrays);
  problem.dtype = dtype_;
  const Operator& definition = *entry.definition;
  const Signature signature = definition.signature(problem);
  OperatorRun result;
  const std::vector<Values> inputs = gather_inputs(definition, problem, signature, arrays, result.inputs_were_rounded);
  const Implementation* implementation = choose(entry, problem, result.not_served);
  if (!implementation) return result;

  std::vector<Values> outputs =
      launch(*implementation, problem, signature, inputs, device_for(implementation->backend));
  const PrecisionContract contract = implementation->contract(problem);
  const ContractScope scope(contract);
  const auto tracked = definition.tracked(problem, operands_of<Tracked>(inputs));
  for (std::size_t output = 0; output < outputs.size(); ++output) {
    const TensorSpec& spec = signature.outputs[output];
    ComputedArray array{.name = spec.name,
                        .got = std::move(outputs[output]),
                        .truth = Values(is_floating(spec.dtype) ? DType::f64 : spec.dtype, spec.shape),
                        .bound = {}};
    for (std::int64_t i = 0; i < array.truth.count(); ++i) {
      const Tracked expected = tracked->element(output, i);
      array.truth.set(i, expected.value);
      array.bound.push_back(allowance(expected, spec.dtype, contract).bound);
    }
    result.arrays.push_back(std::move(array));
  }
  return result;
}

OperatorRun evaluate_in_double(const Catalogued& entry, Problem problem, const NamedValues& arrays) {
  problem.dtype = DType::f64;
  const Signature signature = entry.definition->signature(problem);
  OperatorRun result;
  const std::vector<Values> inputs =
      gather_inputs(*entry.definition, problem, signature, arrays, result.inputs_were_rounded);
  result.arrays = run_in_double(*entry.definition, problem, signature, inputs);
  return result;
}

}  // namespace lockstep
