// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "harness/plan/parameters.hpp"

namespace lockstep {

/// What a loss makes of its terms: their mean, their sum, or a tensor of them.
enum class Reduction : std::uint8_t { mean, sum, none };

/// Reads the parameter `reduction` (mean where it is absent). Throws Refused with PyTorch's message for any other word.
Reduction read_reduction(const Parameters& parameters);

}  // namespace lockstep
