// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <exception>
#include <string>

#include "harness/data/error.hpp"
#include "harness/plugin/lockstep_kernels.h"

namespace lockstep {

/// Room for what a library says, and its text made fit for one line of a report.
class LibraryMessage {
 public:
  lockstep_message* get() { return &message_; }
  /// Control characters become spaces, bytes outside of ASCII question marks; `fallback` where nothing was said.
  std::string text(const std::string& fallback) const {
    std::string line;
    for (const char c : buffer_) {
      if (c == '\0') break;
      line += c >= ' ' && c <= '~' ? c : static_cast<unsigned char>(c) < ' ' ? ' ' : '?';
    }
    return line.empty() ? fallback : line;
  }

 private:
  // The last byte is never given away: a library that fills the whole buffer cannot take the end of the string with it.
  std::array<char, 4096> buffer_{};
  lockstep_message message_{buffer_.data(), buffer_.size() - 1};
};

/// Calls into a library. The interface forbids exceptions; one that comes all the same becomes an Error that says so.
template <class Call>
auto call_library(const char* function, Call call) {
  try {
    return call();
  } catch (const std::exception& error) {
    throw Error(std::string(function) +
                " let an exception out of the library, which the interface forbids: " + error.what());
  } catch (...) {
    throw Error(std::string(function) + " let an exception out of the library, which the interface forbids");
  }
}

}  // namespace lockstep
