// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/data/error.hpp"

namespace lockstep {

/// A whole number that another process gives. Throws Error for one outside of the range, and for whatever is no whole number:
/// nlohmann would make one of a fraction.
inline std::int64_t whole_number(const nlohmann::json& json, std::int64_t least,
                                 std::int64_t most = std::numeric_limits<std::int64_t>::max()) {
  if (!json.is_number_integer()) throw Error("something else where a whole number belongs");
  const bool fits = !json.is_number_unsigned() || json.get<std::uint64_t>() <= static_cast<std::uint64_t>(most);
  const auto number = json.get<std::int64_t>();
  if (!fits || number < least || number > most)
    throw Error("a number out of range; accepted: " + std::to_string(least) + " to " + std::to_string(most));
  return number;
}

/// The enumerator that such a number stands for; `last` is the highest that there is.
template <class Enum>
Enum enumerator(const nlohmann::json& json, Enum last) {
  return static_cast<Enum>(whole_number(json, 0, static_cast<std::int64_t>(last)));
}

}  // namespace lockstep
