// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace lockstep {

/// Progress of long work on standard error: one line that is rewritten on a terminal, with an estimate of the time left; a
/// plain line at every tenth elsewhere.
class Progress {
 public:
  Progress(std::string what, std::size_t total);
  ~Progress();
  void advance(std::size_t done, const std::string& current);

 private:
  void clear_line();
  std::string what_;
  std::size_t total_, tenths_shown_ = 0;
  bool terminal_;
  std::chrono::steady_clock::time_point start_, shown_;
};

/// "2 min 05 s"
std::string duration_text(double seconds);

}  // namespace lockstep
