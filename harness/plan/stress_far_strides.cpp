// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <exception>
#include <optional>

#include "harness/data/error.hpp"
#include "harness/plan/case_inputs.hpp"
#include "harness/plan/far_tensor.hpp"
#include "harness/plan/stress_case.hpp"

namespace lockstep {
namespace {

StressFinding skipped(std::string reason) { return {Stress::far_strides, Outcome::skipped, std::move(reason)}; }

/// A tensor of the problem: far apart where layouts apply to it, else contiguous and guarded.
struct PlacedTensor {
  std::unique_ptr<FarTensor> far;
  std::unique_ptr<GuardedTensor> near;

  PlacedTensor(Device& device, const TensorSpec& spec) {
    if (spec.takes_layout && FarTensor::takes(spec.shape))
      far = std::make_unique<FarTensor>(spec.dtype, spec.shape);
    else
      near = std::make_unique<GuardedTensor>(device, spec.dtype, spec.shape, Layout::contiguous);
  }
  const TensorView& view() const { return far ? far->view() : near->view(); }
  std::optional<std::string> damage() const { return far ? far->damage() : near->damage(); }
  void write(const Values& values) { far ? far->write(values) : near->write(values); }
  void poison() { far ? far->poison(GuardedTensor::kFirstPoison) : near->poison(GuardedTensor::kFirstPoison); }
};

std::vector<std::uint8_t> bytes_of(const PlacedTensor& tensor) {
  if (tensor.far) return tensor.far->bytes();
  const TensorView& view = tensor.near->host_view();
  const auto* const first = static_cast<const std::uint8_t*>(view.data);
  return {first, first + static_cast<std::size_t>(view.count()) * size_in_bytes(view.dtype)};
}

std::optional<std::string> launch_far(const Case& item, const Problem& problem, const Signature& signature,
                                      Device& device, const StressOptions& options) {
  const std::vector<Values> values = draw_inputs(*item.definition, problem, signature, options.seed);
  std::vector<PlacedTensor> inputs, outputs;
  std::vector<std::vector<std::uint8_t>> given;
  Tensors tensors;
  for (std::size_t i = 0; i < values.size(); ++i) {
    inputs.emplace_back(device, signature.inputs[i]).write(values[i]);
    given.push_back(bytes_of(inputs.back()));
    tensors.inputs.push_back(inputs.back().view());
  }
  for (const TensorSpec& spec : signature.outputs) {
    outputs.emplace_back(device, spec).poison();
    tensors.outputs.push_back(outputs.back().view());
  }
  item.implementation->prepare(problem, tensors, device)();
  device.synchronize();

  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (bytes_of(inputs[i]) != given[i]) return "input " + signature.inputs[i].name + " was overwritten";
    if (const auto damage = inputs[i].damage()) return "input " + signature.inputs[i].name + ": " + *damage;
  }
  // The judge reads guarded tensors: the rows move together into contiguous ones, poison and all.
  std::vector<std::unique_ptr<GuardedTensor>> gathered;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const TensorSpec& spec = signature.outputs[i];
    if (const auto damage = outputs[i].damage()) return spec.name + ": " + *damage;
    const std::vector<std::uint8_t> bytes = bytes_of(outputs[i]);
    gathered.push_back(std::make_unique<GuardedTensor>(device, spec.dtype, spec.shape, Layout::contiguous));
    gathered.back()->poison(GuardedTensor::kFirstPoison);
    std::memcpy(gathered.back()->host_view().data, bytes.data(), bytes.size());
  }
  const Judge judge(*item.definition, problem, signature, values, item.implementation->contract(problem),
                    options.coverage, options.seed);
  if (const Judgement judgement = judge.judge(gathered); judgement.failure) return judgement.failure->message;
  return std::nullopt;
}

}  // namespace

StressFinding stress_far_strides(const Case& item, Device& device, const StressOptions& options) {
  if (!device.shares_host_memory()) return skipped("memory that is reserved and never touched exists on the host only");
  Problem problem = item.problem();
  problem.layout = Layout::strided;
  StressFinding finding{Stress::far_strides, Outcome::passed, ""};
  try {
    if (const auto reason = item.implementation->unsupported(problem, device)) return skipped(*reason);
    const Signature signature = item.definition->signature(problem);
    bool any = false;
    for (const auto* list : {&signature.inputs, &signature.outputs})
      for (const TensorSpec& spec : *list) any = any || (spec.takes_layout && FarTensor::takes(spec.shape));
    if (!any) return skipped("no tensor of it has rows that a layout can lay apart");
    if (const auto wrong = launch_far(item, problem, signature, device, options)) {
      finding.outcome = Outcome::failed;
      finding.reason = *wrong;
    }
  } catch (const Refused& refusal) {
    return skipped(refusal.what());
  } catch (const NoAddressSpace& limit) {
    return skipped(limit.what());
  } catch (const std::exception& error) {
    finding.outcome = Outcome::failed;
    finding.reason = error.what();
  }
  return finding;
}

}  // namespace lockstep
