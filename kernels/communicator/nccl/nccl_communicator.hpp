// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "harness/communicator/communicator.hpp"
#include "harness/device/device.hpp"
#include "kernels/communicator/nccl/control_channel.hpp"
#include "kernels/communicator/nccl/launch_environment.hpp"

namespace lockstep {

struct NcclOptions {
  /// How long ranks wait for each other at the start, and in one call.
  double limit_seconds = 60;
  /// Ranks compare every collective call over the control channel before NCCL sees it, so that calls which do not belong together end
  /// with an Error that names them. It costs a round trip over TCP, so it is off where time is measured; the limit then
  /// ends such calls, and only says which call waited.
  bool compare_calls = true;
};

/// A rank of a group of processes whose buffers lie on GPUs. Errors and numbers as in Communicator; sums are in NCCL's
/// order, which depends on size and topology; NaN in max and min as NCCL has it. A send completes only together with its
/// receive, so two ranks that both send first wait for each other until the limit.
class NcclCommunicator : public Communicator {
 public:
  /// Why the bandwidth of this group says nothing: several ranks share a GPU. Empty where each has its own.
  virtual const std::string& unreportable() const = 0;
  /// Every rank's text over the control channel, by rank; all ranks call it together, between calls.
  virtual std::vector<std::string> exchange(const std::string& mine, double limit_seconds) = 0;
};

/// Which of this host's GPUs the rank gets, local_rank modulo their number: the argument of make_gpu_device_by_index. Throws Error
/// where there is none.
int gpu_of_rank(const LaunchEnvironment& launch);

/// Calls are enqueued on a stream of the communicator's own. A call that is started waits there for what `device`'s stream
/// holds at that moment, so computation that is enqueued afterwards runs beside it; Handle::wait makes the device's stream
/// wait for the result and returns when it is there. `device` outlives the communicator. Ranks that share a GPU get
/// NCCL_HOSTID, NCCL_NET, NCCL_SOCKET_IFNAME and NCCL_MNNVL_ENABLE as NCCL needs them for that, so it must be the first
/// NCCL communicator of the process.
/// Throws Error where ranks do not come, or saw another world size, or this build has no NCCL.
std::unique_ptr<NcclCommunicator> make_nccl_communicator(const LaunchEnvironment& launch, Device& device,
                                                         NcclOptions options = {});

}  // namespace lockstep
