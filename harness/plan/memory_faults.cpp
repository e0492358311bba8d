// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/memory_faults.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>

#include "harness/plan/reference_implementation.hpp"
#include "harness/plan/verify.hpp"

namespace lockstep {
namespace {

using Corrupt = std::function<void(const Tensors&)>;

/// The float reference, followed by damage.
Implementation damaged_reference(const Operator& definition, Direction direction, Corrupt corrupt) {
  Implementation damaged = reference_implementation(definition, direction);
  damaged.prepare = [inner = damaged.prepare, corrupt](const Problem& problem, const Tensors& tensors,
                                                       Device& device) -> Launch {
    const Launch launch = inner(problem, tensors, device);
    return [launch, corrupt, tensors] {
      launch();
      corrupt(tensors);
    };
  };
  return damaged;
}

/// Adds one to every byte: unlike a flip, a second launch does not undo it.
void spoil_bytes(void* at, std::size_t bytes) {
  auto* cursor = static_cast<unsigned char*>(at);
  for (std::size_t i = 0; i < bytes; ++i) cursor[i] = static_cast<unsigned char>(cursor[i] + 1u);
}

std::byte* end_of(const TensorView& view) {
  return static_cast<std::byte*>(view.data) +
         static_cast<std::size_t>(span_in_elements(view.shape, view.strides)) * size_in_bytes(view.dtype);
}

}  // namespace

void add_memory_faults(const Operator& definition, const Problem& problem, std::uint64_t seed,
                       std::vector<FaultTrial>& trials) {
  const auto device = make_host_device(DeviceKind::cpu);
  // An empty tensor has no bytes to spoil, and nothing to leave unwritten.
  const Signature signature = definition.signature(problem);
  const auto holds_elements = [](const TensorSpec& spec) { return element_count(spec.shape) > 0; };
  const bool has_input = holds_elements(signature.inputs[0]), has_output = holds_elements(signature.outputs[0]);
  const auto attempt = [&](std::string id, std::string description, bool exists, const Implementation& implementation) {
    const Case item{&definition, &implementation, {problem, "", ""}};
    const CaseResult result = verify_case(item, *device, {.seed = seed});
    trials.push_back({.fault = std::move(id),
                      .description = std::move(description),
                      .applies = exists && result.outcome != Outcome::skipped,
                      .caught = result.outcome == Outcome::failed,
                      .effect_in_gates = std::numeric_limits<double>::infinity(),
                      .equivalent = {}});
  };
  const auto damage = [&](std::string id, std::string description, bool exists, Corrupt corrupt) {
    attempt(std::move(id), std::move(description), exists,
            damaged_reference(definition, problem.direction, std::move(corrupt)));
  };
  const auto calls = std::make_shared<int>(0);
  damage("input_overwritten", "an input is overwritten", has_input, [calls](const Tensors& tensors) {
    // After the last result: overwritten earlier, it would show in the outputs, and nobody would have to look at the input.
    const TensorView& input = tensors.inputs[0];
    if (++*calls == 2) spoil_bytes(input.data, size_in_bytes(input.dtype));
  });
  damage("written_before_output", "4 bytes written before an output", true,
         [](const Tensors& tensors) { spoil_bytes(static_cast<std::byte*>(tensors.outputs[0].data) - 4, 4); });
  damage("written_behind_output", "4 bytes written behind an output", true,
         [](const Tensors& tensors) { spoil_bytes(end_of(tensors.outputs[0]), 4); });
  const auto launches = std::make_shared<int>(0);
  damage("not_repeatable", "the second launch gives other bits", has_output, [launches](const Tensors& tensors) {
    // The lowest bit of one element: far inside every bound, yet not what the first launch gave.
    if (++*launches % 2 == 0) {
      auto* low = static_cast<unsigned char*>(tensors.outputs[0].data);
      *low = static_cast<unsigned char>(*low ^ 1u);
    }
  });
  Implementation idle = reference_implementation(definition, problem.direction);
  idle.prepare = [](const Problem&, const Tensors&, Device&) -> Launch { return [] {}; };
  attempt("nothing_written", "the launch does nothing",
          std::any_of(signature.outputs.begin(), signature.outputs.end(), holds_elements), idle);
}

}  // namespace lockstep
