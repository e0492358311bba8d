// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/reference_implementation.hpp"

#include "harness/numerics/sum.hpp"

namespace lockstep {
namespace {

void compute(const Operator& definition, const Problem& problem, const Tensors& tensors) {
  std::vector<Values> inputs;
  inputs.reserve(tensors.inputs.size());
  for (const TensorView& view : tensors.inputs) inputs.push_back(load(view.data, view.dtype, view.shape, view.strides));
  const auto evaluator = definition.in_float(problem, operands_of<float>(inputs));
  for (std::size_t output = 0; output < tensors.outputs.size(); ++output) {
    const TensorView& view = tensors.outputs[output];
    const bool contiguous = view.is_contiguous();
    const std::int64_t count = view.count();
    for (std::int64_t i = 0; i < count; ++i)
      store_element(view.data, view.dtype, contiguous ? i : offset_of(i, view.shape, view.strides),
                    static_cast<double>(evaluator->element(output, i)));
  }
}

}  // namespace

Implementation reference_implementation(const Operator& definition, Direction direction) {
  return {.backend = Backend::reference,
          .direction = direction,
          .idea = "plain_float",
          .unsupported = [](const Problem& problem, const Device& device) -> std::optional<std::string> {
            if (device.kind() != DeviceKind::cpu) return "the reference runs on the CPU";
            if (problem.dtype == DType::f64) return "the float reference computes in float32; accepted: f32, f16, bf16";
            return std::nullopt;
          },
          .contract = [](const Problem&) { return PrecisionContract{.partial_sums = kReferencePartialSums}; },
          .prepare = [&definition](const Problem& problem, const Tensors& tensors, Device&) -> Launch {
            return [&definition, problem, tensors] { compute(definition, problem, tensors); };
          }};
}

std::vector<Implementation> reference_implementations(const Operator& definition) {
  std::vector<Implementation> implementations{reference_implementation(definition, Direction::forward)};
  if (definition.has_backward()) implementations.push_back(reference_implementation(definition, Direction::backward));
  return implementations;
}

}  // namespace lockstep
