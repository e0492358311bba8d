// SPDX-License-Identifier: Apache-2.0
#include "reports/html/markup.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace lockstep::reports {
namespace {

constexpr std::string_view replacement = "\uFFFD";

// Length of the UTF-8 sequence that starts at `position`, or 0 when there is none that is valid.
std::size_t sequence_length(std::string_view text, std::size_t position) {
  const auto byte = [&](std::size_t offset) -> unsigned {
    return position + offset < text.size() ? static_cast<unsigned char>(text[position + offset]) : 0u;
  };
  const unsigned lead = byte(0);
  const auto follows = [&](std::size_t offset, unsigned low = 0x80, unsigned high = 0xbf) {
    return byte(offset) >= low && byte(offset) <= high;
  };
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return follows(1) ? 2 : 0;
  // The narrowed second bytes keep out overlong forms, surrogates and what lies above U+10FFFF.
  if (lead >= 0xe0 && lead <= 0xef) {
    return follows(1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf) && follows(2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    return follows(1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

// U+202A to U+202E and U+2066 to U+2069 turn the direction of what follows them: a name could pose as another.
bool turns_direction(std::string_view sequence) {
  if (sequence.size() != 3 || sequence[0] != '\xe2') return false;
  const auto last = static_cast<unsigned char>(sequence[2]);
  return (sequence[1] == '\x80' && last >= 0xaa && last <= 0xae) ||
         (sequence[1] == '\x81' && last >= 0xa6 && last <= 0xa9);
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string html;
  html.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = sequence_length(text, i);
    const auto byte = static_cast<unsigned char>(text[i]);
    if (length == 0 || turns_direction(text.substr(i, length)) || (byte < 0x20 && byte != '\n' && byte != '\t') ||
        byte == 0x7f) {
      html += replacement;
    } else if (byte == '&') {
      html += "&amp;";
    } else if (byte == '<') {
      html += "&lt;";
    } else if (byte == '>') {
      html += "&gt;";
    } else if (byte == '"') {
      html += "&quot;";
    } else if (byte == '\'') {
      html += "&#39;";
    } else {
      html += text.substr(i, length);
    }
    i += length == 0 ? 1 : length;
  }
  return html;
}

std::string breakable(std::string_view text) {
  std::string html;
  // "/" and "," are single bytes in UTF-8 and occur in no entity, so they can be found after escaping.
  for (const char character : escaped(text)) {
    html += character;
    if (character == '/' || character == ',') html += "<wbr>";
  }
  return html;
}

std::string script_safe(std::string_view json) {
  std::string safe;
  safe.reserve(json.size());
  // Inside JSON "<" and ">" occur in strings only, where \u003c means the same.
  for (const char character : json) {
    if (character == '<') {
      safe += "\\u003c";
    } else if (character == '>') {
      safe += "\\u003e";
    } else {
      safe += character;
    }
  }
  return safe;
}

std::string fragment_encoded(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
                       byte == '-' || byte == '_' || byte == '.' || byte == '~';
    if (plain) {
      encoded += character;
    } else {
      encoded += '%';
      encoded += digits[byte >> 4];
      encoded += digits[byte & 15];
    }
  }
  return encoded;
}

std::string coordinate(double value) {
  if (!std::isfinite(value)) return "0";
  std::array<char, 400> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, 2);
  std::string text(buffer.data(), result.ptr);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string chart_table(const std::string& summary, const std::string& head, const std::string& rows) {
  return "<details class=\"chart-table\"><summary>" + escaped(summary) +
         "</summary><div class=\"scroll\" tabindex=\"0\"><table><thead><tr>" + head + "</tr></thead><tbody>" + rows +
         "</tbody></table></div></details>";
}

}  // namespace lockstep::reports
