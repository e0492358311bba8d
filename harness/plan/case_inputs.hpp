// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "harness/device/guarded_tensor.hpp"
#include "harness/plan/implementation.hpp"
#include "harness/plan/operator.hpp"

namespace lockstep {

/// Draws a problem's inputs. The numbers depend on seed, problem and tensor name, never on the implementation: all
/// implementations of a problem see the same data. Saved tensors are derived from the drawn ones. Throws what the operator
/// throws for inputs that it refuses.
std::vector<Values> draw_inputs(const Operator& definition, const Problem& problem, const Signature& signature,
                                std::uint64_t seed);

using PlacedTensors = std::vector<std::unique_ptr<GuardedTensor>>;

/// Lays values out on a device in the problem's layout.
PlacedTensors place_inputs(Device& device, const Problem& problem, const Signature& signature,
                           const std::vector<Values>& inputs);
PlacedTensors place_outputs(Device& device, const Problem& problem, const Signature& signature);

/// As implementations take them; valid as long as both live.
Tensors views_of(const PlacedTensors& inputs, const PlacedTensors& outputs);

/// One hash of all their bits, as last written or downloaded.
std::uint64_t hash_of(const PlacedTensors& tensors);

}  // namespace lockstep
