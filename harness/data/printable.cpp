// SPDX-License-Identifier: Apache-2.0
#include "harness/data/printable.hpp"

namespace lockstep {

namespace {

constexpr std::size_t kMostShown = 120;

std::string shown_part(std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string shown;
  for (const char c : text.substr(0, kMostShown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      shown += c;
    } else {
      shown += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return shown;
}

std::string rest_of(std::string_view text) {
  return text.size() > kMostShown ? "... (" + std::to_string(text.size()) + " characters)" : "";
}

}  // namespace

std::string printable(std::string_view text) { return shown_part(text) + rest_of(text); }

std::string in_quotes(std::string_view text) { return "'" + shown_part(text) + "'" + rest_of(text); }

}  // namespace lockstep
