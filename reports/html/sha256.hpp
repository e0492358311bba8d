// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace lockstep::reports {

// SHA-256 (FIPS 180-4) of the bytes of `text`: the page's content policy names its script and its style by it.
std::array<std::uint8_t, 32> sha256(std::string_view text);

}  // namespace lockstep::reports
