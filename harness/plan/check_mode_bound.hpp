// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "harness/plan/operator.hpp"

namespace lockstep {

/// The most that one case may cost where the emulator's check mode judges every access, in four orders of threads: some ten
/// seconds. What a larger problem would do differently to a kernel's accesses, smaller ones of the suites do.
inline constexpr Cost kMostUnderCheckMode{.flops = 1 << 27, .bytes = 1 << 25};

/// Why a problem of this cost is left out in the check mode; nothing where it is not.
std::optional<std::string> beyond_check_mode(const Cost& cost);

}  // namespace lockstep
