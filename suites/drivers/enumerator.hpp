// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/data/error.hpp"

namespace lockstep {

/// The enumerator that a number of another process stands for; `last` is the highest that there is. Throws Error for any other
/// number, and what nlohmann throws for what is none.
template <class Enum>
Enum enumerator(const nlohmann::json& json, Enum last) {
  const auto number = json.get<std::int64_t>();
  if (number < 0 || number > static_cast<std::int64_t>(last))
    throw Error("a number that names nothing, " + std::to_string(number) + "; accepted: 0 to " +
                std::to_string(static_cast<std::int64_t>(last)));
  return static_cast<Enum>(number);
}

}  // namespace lockstep
