// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/case_inputs.hpp"

#include "harness/data/random.hpp"
#include "harness/plan/plain_data.hpp"

namespace lockstep {
namespace {

Layout layout_of(const Problem& problem, const TensorSpec& spec) {
  return spec.takes_layout ? problem.layout : Layout::contiguous;
}

}  // namespace

std::vector<Values> draw_inputs(const Operator& definition, const Problem& problem, const Signature& signature,
                                std::uint64_t seed) {
  std::vector<Values> inputs;
  inputs.reserve(signature.inputs.size());
  const std::uint64_t stream = mix64(seed) ^ hash_name(without_plain_data(problem).label());
  bool derives = false;
  for (const TensorSpec& spec : signature.inputs) {
    Values values(spec.dtype, spec.shape);
    if (spec.role == Role::saved)
      derives = true;
    else
      fill_values(values, problem.fill, spec.fill, stream ^ hash_name(spec.name));
    inputs.push_back(std::move(values));
  }
  make_plain(problem, signature, inputs);
  if (derives) definition.derive_saved(problem, inputs);
  definition.check_inputs(problem, inputs);
  return inputs;
}

PlacedTensors place_inputs(Device& device, const Problem& problem, const Signature& signature,
                           const std::vector<Values>& inputs) {
  PlacedTensors placed;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const TensorSpec& spec = signature.inputs[i];
    placed.push_back(
        std::make_unique<GuardedTensor>(device, spec.dtype, spec.shape, layout_of(problem, spec), spec.name));
    placed.back()->write(inputs[i]);
  }
  return placed;
}

PlacedTensors place_outputs(Device& device, const Problem& problem, const Signature& signature) {
  PlacedTensors placed;
  for (const TensorSpec& spec : signature.outputs) {
    placed.push_back(
        std::make_unique<GuardedTensor>(device, spec.dtype, spec.shape, layout_of(problem, spec), spec.name));
    placed.back()->poison(GuardedTensor::kFirstPoison);
  }
  return placed;
}

Tensors views_of(const PlacedTensors& inputs, const PlacedTensors& outputs) {
  Tensors tensors;
  for (const auto& tensor : inputs) tensors.inputs.push_back(tensor->view());
  for (const auto& tensor : outputs) tensors.outputs.push_back(tensor->view());
  return tensors;
}

std::uint64_t hash_of(const PlacedTensors& tensors) {
  std::uint64_t hash = 0;
  for (const auto& tensor : tensors) hash = hash * 31 + tensor->hash();
  return hash;
}

}  // namespace lockstep
