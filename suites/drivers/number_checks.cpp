// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/number_checks.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

namespace lockstep {
namespace {

template <class Number>
bool reads_as(const std::string& text, Number& value) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failure == std::errc{} && end == text.data() + text.size();
}

/// NaN where the text is no finite number, so that every comparison fails.
double finite(const std::string& text) {
  double number = 0;
  return reads_as(text, number) && std::isfinite(number) ? number : std::numeric_limits<double>::quiet_NaN();
}

std::string unless(bool accepted, const std::string& text, const char* what) {
  return accepted ? "" : "'" + text + "'; accepted: " + what;
}

}  // namespace

std::string reject_seed(const std::string& text) {
  std::uint64_t seed = 0;
  return reads_as(text, seed) ? "" : "'" + text + "' is no seed; accepted: 0 to 18446744073709551615";
}
std::string reject_count(const std::string& text) {
  std::int64_t count = 0;
  return unless(reads_as(text, count) && count >= 0, text, "a whole number from 0");
}
std::string reject_amount(const std::string& text) { return unless(finite(text) > 0, text, "a number above 0"); }
std::string reject_negative(const std::string& text) { return unless(finite(text) >= 0, text, "a number from 0"); }
std::string reject_fraction(const std::string& text) {
  return unless(finite(text) >= 0 && finite(text) <= 1, text, "a number from 0 to 1");
}

}  // namespace lockstep
