// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/communicator/nccl/launch_environment.hpp"
#include "kernels/communicator/process_rank.hpp"

namespace lockstep {

/// A transport whose ranks are processes.
struct ProcessTransport {
  /// Why it cannot be used here, in words; empty where it can.
  std::function<std::string()> unavailable;
  /// Joins the other ranks of the launch, each of which may come `limit_seconds` late, at first and in each call.
  std::function<std::unique_ptr<ProcessRank>(const LaunchEnvironment& launch, double limit_seconds)> connect;
};

ProcessTransport nccl_transport();

/// Starts `command` (the program, then its arguments) as ranks on this host with the variables that torchrun would set, and
/// returns when all have ended: rank 0's exit status, or 1 where that is 0 and another rank failed. An interruption is
/// passed on to all ranks once. Throws Error where a rank cannot be started.
int run_rank_processes(const std::vector<std::string>& command, int ranks);

}  // namespace lockstep
