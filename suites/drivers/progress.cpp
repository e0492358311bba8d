// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/progress.hpp"

#include <unistd.h>

#include <cstdio>

namespace lockstep {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kLineWidth = 110;

}  // namespace

std::string duration_text(double seconds) {
  const int whole = static_cast<int>(seconds + 0.5);
  if (whole < 60) return std::to_string(whole) + " s";
  const std::string rest = std::to_string(whole % 60);
  return std::to_string(whole / 60) + " min " + (rest.size() < 2 ? "0" + rest : rest) + " s";
}

Progress::Progress(std::string what, std::size_t total)
    : what_(std::move(what)),
      total_(total),
      terminal_(isatty(STDERR_FILENO) != 0),
      start_(Clock::now()),
      shown_(start_) {
  if (!terminal_ && total_ > 0) std::fprintf(stderr, "%s: %zu to do\n", what_.c_str(), total_);
}

Progress::~Progress() { clear_line(); }

void Progress::clear_line() {
  if (terminal_) std::fprintf(stderr, "\r%*s\r", static_cast<int>(kLineWidth), "");
}

void Progress::advance(std::size_t done, const std::string& current) {
  const auto now = Clock::now();
  const double spent = std::chrono::duration<double>(now - start_).count();
  const double left = done > 0 ? spent / static_cast<double>(done) * static_cast<double>(total_ - done) : 0;
  if (terminal_) {
    if (now - shown_ < std::chrono::milliseconds(100) && done < total_) return;
    shown_ = now;
    std::string line = what_ + " " + std::to_string(done) + "/" + std::to_string(total_) + ", " + duration_text(left) +
                       " left  " + current;
    line.resize(kLineWidth, ' ');
    std::fprintf(stderr, "\r%s", line.c_str());
    std::fflush(stderr);
    return;
  }
  const std::size_t tenths = total_ > 0 ? 10 * done / total_ : 10;
  if (tenths == tenths_shown_) return;
  tenths_shown_ = tenths;
  std::fprintf(stderr, "%s: %zu of %zu, %s left\n", what_.c_str(), done, total_, duration_text(left).c_str());
}

}  // namespace lockstep
