// SPDX-License-Identifier: Apache-2.0
// What the check mode found in one launch, told once for each pair of source lines.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/simt/kernel_fault.hpp"

namespace lockstep::simt::check {

/// One side of a finding.
struct Actor {
  Coordinates block, thread;
  std::uintptr_t code = 0;  // 0: nobody
  std::string action;       // "writes 4 bytes"
};

struct Finding {
  FaultKind kind = FaultKind::race;
  Actor now, before;
  std::string what;    // "shared array 'tile' + 132"
  std::string reason;  // "no __syncwarp orders them"
  std::uint64_t count = 1;
};

/// Kept are the first kMostFindings kinds of finding by (kind, code, code); the rest is counted.
class Findings {
 public:
  static constexpr std::size_t kMostFindings = 24;

  /// The finding of this kind between these two places, counted once more; null if it is new.
  Finding* find(FaultKind kind, std::uintptr_t now, std::uintptr_t before);
  /// False, and only counted, if there is no more room.
  bool has_room();
  void add(Finding finding) { findings_.push_back(std::move(finding)); }
  bool empty() const { return findings_.empty(); }
  FaultKind first_kind() const { return findings_.front().kind; }
  FaultKind last_kind() const { return findings_.back().kind; }
  void clear();
  /// One line: each finding with both threads and both source lines, how often it was made, and what was left out.
  std::string text() const;

 private:
  std::vector<Finding> findings_;
  std::uint64_t left_out_ = 0;
};

}  // namespace lockstep::simt::check
