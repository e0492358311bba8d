// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/communicator/communicator.hpp"

namespace lockstep {

struct RunRanksOptions {
  /// How long a rank waits for another in one call.
  double arrival_limit_seconds = 60;
  /// How long all may take. At the limit calls end with an Error; a rank that makes none runs on to its own end.
  double total_limit_seconds = 3600;
};

/// Starts a thread per rank, calls `body` on each with its communicator ("threads") and joins them. When a rank throws,
/// the others' pending and later calls end with an Error that says which rank died and why.
/// Throws Error with the first failure in time, "rank 2 died: ...". Also for a message that nobody received.
void run_ranks(int size, const std::function<void(Communicator&)>& body, RunRanksOptions options = {});

/// The same, and returns by rank the text of its failure, empty where it has none; throws only for a bad size.
std::vector<std::string> failures_of_ranks(int size, const std::function<void(Communicator&)>& body,
                                           RunRanksOptions options = {});

}  // namespace lockstep
