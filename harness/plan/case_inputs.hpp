// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "harness/device/guarded_tensor.hpp"
#include "harness/plan/operator.hpp"

namespace lockstep {

/// Draws a problem's inputs. The numbers depend on seed, problem and tensor name, never on the implementation: all
/// implementations of a problem see the same data. Saved tensors are derived from the drawn ones. Throws what the operator
/// throws for inputs that it refuses.
std::vector<Values> draw_inputs(const Operator& definition, const Problem& problem, const Signature& signature,
                                std::uint64_t seed);

/// Lays values out on a device in the problem's layout.
std::vector<std::unique_ptr<GuardedTensor>> place_inputs(Device& device, const Problem& problem,
                                                         const Signature& signature, const std::vector<Values>& inputs);
std::vector<std::unique_ptr<GuardedTensor>> place_outputs(Device& device, const Problem& problem,
                                                          const Signature& signature);

}  // namespace lockstep
