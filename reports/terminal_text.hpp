// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace lockstep::reports {

// One line without control characters: a name from a file must not move the cursor, colour the terminal or break lines.
std::string plain(const std::string& text);

}  // namespace lockstep::reports
