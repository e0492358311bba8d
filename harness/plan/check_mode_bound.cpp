// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/check_mode_bound.hpp"

namespace lockstep {

std::optional<std::string> beyond_check_mode(const Cost& cost) {
  const auto beyond = [](double amount, double limit, const char* unit) {
    return std::to_string(static_cast<long long>(amount)) + unit + "; the check mode takes problems of up to " +
           std::to_string(static_cast<long long>(limit)) + unit;
  };
  if (cost.flops > kMostUnderCheckMode.flops) return beyond(cost.flops, kMostUnderCheckMode.flops, " operations");
  if (cost.bytes > kMostUnderCheckMode.bytes) return beyond(cost.bytes, kMostUnderCheckMode.bytes, " bytes");
  return std::nullopt;
}

}  // namespace lockstep
