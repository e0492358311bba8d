// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace lockstep {

// Checks of options for CLI11: empty where the text is accepted, else what is wrong and what is accepted. CLI11's own turn
// -1 into the largest seed, and take nan for a number of any sign.

/// 0 to 2^64 - 1.
std::string reject_seed(const std::string& text);
/// A whole number from 0.
std::string reject_count(const std::string& text);
/// A finite number above 0.
std::string reject_amount(const std::string& text);
/// A finite number from 0.
std::string reject_negative(const std::string& text);
/// A finite number from 0 to 1.
std::string reject_fraction(const std::string& text);

}  // namespace lockstep
