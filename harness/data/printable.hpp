// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace lockstep {

/// Text from outside as a message may show it: on one line, bytes that are not printable ASCII as \xNN, and cut after 120
/// characters, with how many there were.
std::string printable(std::string_view text);

/// The same in single quotes.
std::string in_quotes(std::string_view text);

}  // namespace lockstep
