// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "harness/communicator/call_extent.hpp"
#include "harness/data/error.hpp"
#include "kernels/communicator/nccl/control_channel.hpp"
#include "kernels/communicator/process_rank.hpp"
#include "kernels/communicator/staging/staging_communicator.hpp"
#include "kernels/communicator/threads/rank_order_reduction.hpp"
#include "suites/drivers/rank_processes.hpp"

namespace lockstep::testing {

/// Collectives between processes without a GPU: every rank's buffer goes to all over the control channel, and each makes
/// its own result of them. Small buffers, no messages between two ranks.
class SocketCommunicator : public Communicator {
 public:
  SocketCommunicator(ControlChannel& channel, int rank, int size) : channel_(channel), rank_(rank), size_(size) {}
  int rank() const override { return rank_; }
  int size() const override { return size_; }
  std::string name() const override { return "sockets"; }
  Handle start(const Call& call) override {
    run(call);
    return {};
  }

  void run(const Call& call) override {
    if (is_point_to_point(call.collective)) throw Error(describe(call) + ": sockets carry collectives alone");
    const auto bytes = static_cast<std::size_t>(elements_read(call, rank_, size_)) * size_in_bytes(call.dtype);
    std::string own;
    if (bytes > 0) own.assign(static_cast<const char*>(call.in), bytes);
    const std::vector<std::string> all = channel_.exchange(own);
    if (call.collective == Collective::barrier) return;
    if (call.collective == Collective::all_reduce || call.collective == Collective::reduce_scatter)
      return reduce(call, all);
    auto* out = static_cast<char*>(call.out);
    const std::size_t part = static_cast<std::size_t>(call.count) * size_in_bytes(call.dtype);
    for (std::size_t rank = 0; rank < all.size(); ++rank) {
      std::string given = all[rank];
      if (call.collective == Collective::all_to_all) given = given.substr(static_cast<std::size_t>(rank_) * part, part);
      if (!given.empty()) std::memcpy(out, given.data(), given.size());  // of a broadcast only the root's is not empty
      out += given.size();
    }
  }

 private:
  void reduce(const Call& call, const std::vector<std::string>& all) const {
    std::size_t first = 0;
    if (call.collective == Collective::reduce_scatter)
      first = static_cast<std::size_t>(rank_ * call.count) * size_in_bytes(call.dtype);
    std::vector<const void*> inputs;
    for (const std::string& given : all) inputs.push_back(given.data() + first);
    void* const outputs[] = {call.out};
    reduce_in_rank_order(call.reduction, call.dtype, inputs, outputs, call.count);
  }

  ControlChannel& channel_;
  int rank_, size_;
};

/// A rank that has all of NCCL's but NCCL: a device of its own, staged calls, and meetings.
class SocketRank : public ProcessRank {
 public:
  SocketRank(const LaunchEnvironment& launch, double limit_seconds)
      : channel_(launch, limit_seconds), sockets_(channel_, launch.rank, launch.size), staged_(sockets_, *device_) {}
  std::string transport() const override { return "sockets"; }
  std::string remark() const override { return "over sockets"; }
  Communicator& communicator() override { return staged_; }
  std::vector<std::string> exchange(const std::string& mine, double limit_seconds) override {
    return channel_.exchange(mine, limit_seconds);
  }

 private:
  ControlChannel channel_;
  std::unique_ptr<Device> device_ = make_host_device(DeviceKind::emulated);
  SocketCommunicator sockets_;
  StagingCommunicator staged_;
};

inline ProcessTransport socket_transport() {
  return {.unavailable = [] { return std::string(); },
          .connect = [](const LaunchEnvironment& launch,
                        double limit_seconds) { return std::make_unique<SocketRank>(launch, limit_seconds); }};
}

}  // namespace lockstep::testing
