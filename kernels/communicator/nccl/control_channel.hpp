// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "kernels/communicator/nccl/launch_environment.hpp"

namespace lockstep {

/// Small texts between the processes of a launch over TCP: a star with rank 0, who listens at the master's address, in the
/// middle. It carries what NCCL cannot begin without (its unique id) and what NCCL does not say: whether all ranks came,
/// believe in the same size, are alive and make the same call.
/// Every function throws Error naming ranks, and on every rank, when one does not answer in time or closed its end.
class ControlChannel {
 public:
  /// Returns when all ranks have met. A second process of the same rank, or one with another size, is an Error for all.
  ControlChannel(const LaunchEnvironment& launch, double limit_seconds);
  ControlChannel(const ControlChannel&) = delete;
  ControlChannel& operator=(const ControlChannel&) = delete;
  ~ControlChannel();

  /// Every rank's text, by rank. All ranks call it together; without a limit of its own that of the channel counts.
  std::vector<std::string> exchange(const std::string& mine, std::optional<double> limit_seconds = std::nullopt);

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  Deadline deadline() const { return deadline(limit_seconds_); }
  static Deadline deadline(double limit_seconds);
  void gather_ranks();
  void find_master(const std::string& address);
  void write_text(int socket, const std::string& text, Deadline limit);
  std::string read_text(int socket, Deadline limit);
  void tell_all(const std::string& text, Deadline limit);

  int rank_, size_, port_;
  double limit_seconds_;
  /// On rank 0 by rank (its own is -1), elsewhere only [0].
  std::vector<int> sockets_;
};

}  // namespace lockstep
