// SPDX-License-Identifier: Apache-2.0
#include "reports/terminal_text.hpp"

namespace lockstep::reports {

std::string plain(const std::string& text) {
  std::string line;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool last = i + 1 >= text.size();
    // U+0080 to U+009F, two bytes in UTF-8, are control characters too: C2 9B is a terminal's escape introducer.
    const bool high_control = byte == 0xc2 && !last && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (high_control) ++i;
    line += byte < 0x20 || byte == 0x7f || high_control ? ' ' : text[i];
  }
  return line;
}

}  // namespace lockstep::reports
