// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace lockstep::reports {

/// Not gmock's matcher: it would print half a megabyte of page.
inline bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// What lies between the first `before` and the next `after`; empty where there is no `before`.
inline std::string between(const std::string& text, const std::string& before, const std::string& after) {
  const std::size_t start = text.find(before);
  if (start == std::string::npos) return "";
  const std::size_t from = start + before.size();
  return text.substr(from, text.find(after, from) - from);
}

}  // namespace lockstep::reports
