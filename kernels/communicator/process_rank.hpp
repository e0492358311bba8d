// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/communicator/communicator.hpp"

namespace lockstep {

/// This process as one rank of several that were launched together.
class ProcessRank {
 public:
  virtual ~ProcessRank() = default;
  /// By what the ranks reach each other: "nccl".
  virtual std::string transport() const = 0;
  /// What times over this transport say and do not say, in one line.
  virtual std::string remark() const = 0;
  /// Buffers on the host.
  virtual Communicator& communicator() = 0;
  /// Every rank's text, by rank; all ranks call it together, between calls of the communicator. For what may wait long: a
  /// rank may come up to `limit_seconds` after another, and one that ended is noticed at once. Throws Error naming ranks.
  virtual std::vector<std::string> exchange(const std::string& mine, double limit_seconds) = 0;
};

}  // namespace lockstep
