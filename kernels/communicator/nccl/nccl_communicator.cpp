// SPDX-License-Identifier: Apache-2.0
#include "kernels/communicator/nccl/nccl_communicator.hpp"

#include "harness/data/error.hpp"

#ifdef LOCKSTEP_WITH_NCCL
#include <cuda_runtime_api.h>
#include <nccl.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "harness/device/cuda_check.hpp"

namespace lockstep {
namespace {

using Clock = std::chrono::steady_clock;

void nccl_check(ncclResult_t status, const std::string& where) {
  if (status == ncclSuccess || status == ncclInProgress) return;
  throw Error("NCCL: " + std::string(ncclGetErrorString(status)) + " at " + where + " (" + ncclGetLastError(nullptr) +
              ')');
}

ncclDataType_t nccl_type(DType dtype) {
  switch (dtype) {
    case DType::f64: return ncclFloat64;
    case DType::f32: return ncclFloat32;
    case DType::f16: return ncclFloat16;
    case DType::bf16: return ncclBfloat16;
    case DType::i64: return ncclInt64;
    case DType::u8: return ncclUint8;
  }
  return ncclUint8;
}

ncclRedOp_t nccl_operation(Reduction reduction) {
  switch (reduction) {
    case Reduction::sum: return ncclSum;
    case Reduction::max: return ncclMax;
    case Reduction::min: return ncclMin;
  }
  return ncclSum;
}

class Event {
 public:
  Event() { LOCKSTEP_CUDA_CHECK(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming)); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { cudaEventDestroy(event_); }
  cudaEvent_t get() const { return event_; }

 private:
  cudaEvent_t event_ = nullptr;
};

/// NCCL's communicator and its stream; ended once, by whoever finds that a call failed, or at the end.
class Connection {
 public:
  Connection(int rank, int size, const ncclUniqueId& id) {
    LOCKSTEP_CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
    nccl_check(ncclCommInitRank(&communicator_, size, id, rank), "ncclCommInitRank");
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    if (communicator_ && reason_.empty())
      ncclCommDestroy(communicator_);
    else if (communicator_)
      ncclCommAbort(communicator_);
    cudaStreamDestroy(stream_);
  }
  ncclComm_t get() const { return communicator_; }
  cudaStream_t stream() const { return stream_; }
  const std::string& reason() const { return reason_; }
  ncclResult_t asynchronous_error() const {
    ncclResult_t status = ncclSuccess;
    const ncclResult_t asked = ncclCommGetAsyncError(communicator_, &status);
    return asked == ncclSuccess ? status : asked;
  }
  /// Ends NCCL's kernels, which otherwise wait on the GPU for ever.
  void end(const std::string& reason) {
    if (!reason_.empty()) return;
    reason_ = reason;
    ncclCommAbort(std::exchange(communicator_, nullptr));
  }

 private:
  ncclComm_t communicator_ = nullptr;
  cudaStream_t stream_ = nullptr;
  std::string reason_;
};

class EnqueuedCall : public PendingCall {
 public:
  EnqueuedCall(std::shared_ptr<Connection> connection, cudaStream_t computation, std::string text, double limit_seconds)
      : connection_(std::move(connection)),
        computation_(computation),
        text_(std::move(text)),
        limit_(Clock::now() +
               std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(limit_seconds))) {
    LOCKSTEP_CUDA_CHECK(cudaEventRecord(finished_.get(), connection_->stream()));
  }

  void wait() override {
    const Clock::time_point begin = Clock::now();
    while (!done()) {
      if (Clock::now() >= limit_)
        connection_->end("it did not end within the time limit: a rank is late, dead or makes another call");
      // A short call is polled, a long one leaves the core to others.
      else if (Clock::now() - begin > std::chrono::microseconds(200))
        std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
    if (!connection_->reason().empty()) throw Error(text_ + ": " + connection_->reason());
    LOCKSTEP_CUDA_CHECK(cudaStreamWaitEvent(computation_, finished_.get(), 0));
  }

  bool done() override {
    if (!connection_->reason().empty()) return true;
    const cudaError_t status = cudaEventQuery(finished_.get());
    if (status == cudaSuccess) return true;
    if (status != cudaErrorNotReady) LOCKSTEP_CUDA_CHECK(status);
    const ncclResult_t asynchronous = connection_->asynchronous_error();
    if (asynchronous != ncclSuccess && asynchronous != ncclInProgress)
      connection_->end(std::string("NCCL: ") + ncclGetErrorString(asynchronous));
    return !connection_->reason().empty();
  }

 private:
  std::shared_ptr<Connection> connection_;
  cudaStream_t computation_;
  std::string text_;
  Clock::time_point limit_;
  Event finished_;
};

/// What tells GPUs apart: the bus of a device is unique on its host only.
std::string name_of_gpu() {
  int device = 0;
  cudaDeviceProp properties;
  LOCKSTEP_CUDA_CHECK(cudaGetDevice(&device));
  LOCKSTEP_CUDA_CHECK(cudaGetDeviceProperties(&properties, device));
  return std::string(properties.uuid.bytes, sizeof properties.uuid.bytes);
}

std::string shared_gpu(const std::vector<std::string>& gpus) {
  for (std::size_t one = 0; one < gpus.size(); ++one)
    for (std::size_t other = one + 1; other < gpus.size(); ++other)
      if (gpus[one] == gpus[other])
        return "ranks " + std::to_string(one) + " and " + std::to_string(other) +
               " share a GPU: they take turns on it and talk over sockets, so no bandwidth is reported";
  return "";
}

/// NCCL refuses two ranks of one host on one GPU, so each becomes a host of its own, which leaves sockets as transport.
/// Source: NCCL 2.28 init.cc (the check compares host hash and bus), misc/utils.cc (NCCL_HOSTID replaces the host's name).
void prepare_for_shared_gpu(int rank) {
  setenv("NCCL_HOSTID", ("lockstep_rank_" + std::to_string(rank)).c_str(), 1);
  setenv("NCCL_NET", "Socket", 1);
  setenv("NCCL_SOCKET_IFNAME", "lo", 1);
  setenv("NCCL_MNNVL_ENABLE", "0", 1);
}

class NcclRank final : public NcclCommunicator {
 public:
  NcclRank(const LaunchEnvironment& launch, Device& device, const NcclOptions& options)
      : launch_(launch), options_(options), device_(device), channel_(launch, options.limit_seconds) {
    unreportable_ = shared_gpu(channel_.exchange(name_of_gpu()));
    if (!unreportable_.empty()) prepare_for_shared_gpu(launch.rank);
    ncclUniqueId id{};
    if (launch.rank == 0) nccl_check(ncclGetUniqueId(&id), "ncclGetUniqueId");
    const std::string given = channel_.exchange(std::string(id.internal, sizeof id.internal))[0];
    std::memcpy(id.internal, given.data(), std::min(given.size(), sizeof id.internal));
    connection_ = std::make_shared<Connection>(launch.rank, launch.size, id);
    int seen = 0;
    nccl_check(ncclCommCount(connection_->get(), &seen), "ncclCommCount");
    if (seen != launch.size)
      throw Error("launch: NCCL sees " + std::to_string(seen) + " ranks; launched were " + std::to_string(launch.size));
    LOCKSTEP_CUDA_CHECK(cudaMalloc(&meeting_, sizeof(float)));
  }
  ~NcclRank() override { cudaFree(meeting_); }

  int rank() const override { return launch_.rank; }
  int size() const override { return launch_.size; }
  std::string name() const override { return "nccl"; }
  const std::string& unreportable() const override { return unreportable_; }
  std::vector<std::string> exchange(const std::string& mine, double limit_seconds) override {
    return channel_.exchange(mine, limit_seconds);
  }

  void run(const Call& call) override { start(call).wait(); }

  Handle start(const Call& call) override {
    const std::string text = "rank " + std::to_string(rank()) + ": " + describe(call);
    if (!connection_->reason().empty()) throw Error(text + ": " + connection_->reason());
    if (options_.compare_calls && !is_point_to_point(call.collective)) compare(call, text);
    const auto computation = static_cast<cudaStream_t>(device_.stream());
    const Event begun;
    LOCKSTEP_CUDA_CHECK(cudaEventRecord(begun.get(), computation));
    LOCKSTEP_CUDA_CHECK(cudaStreamWaitEvent(connection_->stream(), begun.get(), 0));
    enqueue(call, text);
    return Handle(std::make_shared<EnqueuedCall>(connection_, computation, text, options_.limit_seconds));
  }

 private:
  /// The calls without rank, step or label, which may differ, as texts to be equal.
  void compare(const Call& call, const std::string& text) {
    Call bare = call;
    bare.step = -1;
    bare.label.clear();
    if (call.collective == Collective::all_gather_uneven)
      bare.count = 0;  // each rank's own; the counts are in the text
    std::vector<std::string> all;
    try {
      all = channel_.exchange(describe(bare));
    } catch (const Error& error) {
      connection_->end(error.what());
      throw Error(text + ": " + error.what());
    }
    if (std::all_of(all.begin(), all.end(), [&](const std::string& other) { return other == all[0]; })) return;
    std::string reason = "the ranks' calls differ:";
    for (std::size_t each = 0; each < all.size(); ++each)
      reason += (each ? "; rank " : " rank ") + std::to_string(each) + ' ' + all[each];
    connection_->end(reason);
    throw Error(text + ": " + reason);
  }

  void enqueue(const Call& call, const std::string& text) {
    const ncclDataType_t type = nccl_type(call.dtype);
    const auto count = static_cast<std::size_t>(call.count);
    const ncclComm_t group = connection_->get();
    const cudaStream_t stream = connection_->stream();
    switch (call.collective) {
      case Collective::all_reduce:
        return nccl_check(ncclAllReduce(call.in, call.out, count, type, nccl_operation(call.reduction), group, stream),
                          text);
      case Collective::reduce_scatter:
        return nccl_check(
            ncclReduceScatter(call.in, call.out, count, type, nccl_operation(call.reduction), group, stream), text);
      case Collective::all_gather:
        return nccl_check(ncclAllGather(call.in, call.out, count, type, group, stream), text);
      case Collective::broadcast:
        return nccl_check(ncclBroadcast(call.in, call.out, count, type, call.peer, group, stream), text);
      case Collective::send: return nccl_check(ncclSend(call.in, count, type, call.peer, group, stream), text);
      case Collective::receive: return nccl_check(ncclRecv(call.out, count, type, call.peer, group, stream), text);
      case Collective::barrier:
        return nccl_check(ncclAllReduce(meeting_, meeting_, 1, ncclFloat32, ncclSum, group, stream), text);
      case Collective::all_gather_uneven: return enqueue_parts(call, text);
      case Collective::all_to_all: return enqueue_parts(call, text);
    }
  }

  /// Messages of all pairs in one group, which NCCL carries out together: its all-gather takes equal counts only.
  void enqueue_parts(const Call& call, const std::string& text) {
    const ncclDataType_t type = nccl_type(call.dtype);
    const std::size_t element = size_in_bytes(call.dtype);
    const bool exchanges = call.collective == Collective::all_to_all;
    const auto* in = static_cast<const std::byte*>(call.in);
    auto* out = static_cast<std::byte*>(call.out);
    const auto mine = static_cast<std::size_t>(call.count);
    std::size_t first = 0;
    nccl_check(ncclGroupStart(), text);
    for (int other = 0; other < size(); ++other) {
      const auto each = static_cast<std::size_t>(other);
      const std::size_t part = exchanges ? mine : static_cast<std::size_t>(call.counts[each]);
      if (mine > 0)
        nccl_check(ncclSend(exchanges ? in + each * mine * element : in, mine, type, other, connection_->get(),
                            connection_->stream()),
                   text);
      if (part > 0)
        nccl_check(ncclRecv(out + first * element, part, type, other, connection_->get(), connection_->stream()), text);
      first += part;
    }
    nccl_check(ncclGroupEnd(), text);
  }

  LaunchEnvironment launch_;
  NcclOptions options_;
  Device& device_;
  ControlChannel channel_;
  std::string unreportable_;
  std::shared_ptr<Connection> connection_;
  void* meeting_ = nullptr;
};

}  // namespace

int gpu_of_rank(const LaunchEnvironment& launch) {
  int gpus = 0;
  LOCKSTEP_CUDA_CHECK(cudaGetDeviceCount(&gpus));
  if (gpus == 0) throw Error("launch: this host has no GPU for rank " + std::to_string(launch.rank));
  return launch.local_rank % gpus;
}

std::unique_ptr<NcclCommunicator> make_nccl_communicator(const LaunchEnvironment& launch, Device& device,
                                                         NcclOptions options) {
  if (device.kind() != DeviceKind::gpu)
    throw Error("nccl: the device is '" + std::string(name_of(device.kind())) + "'; accepted: gpu");
  return std::make_unique<NcclRank>(launch, device, options);
}

}  // namespace lockstep

#else

namespace lockstep {
namespace {
constexpr const char* kNoNccl = "this build of Lockstep was compiled without NCCL";
}

int gpu_of_rank(const LaunchEnvironment&) { throw Error(kNoNccl); }

std::unique_ptr<NcclCommunicator> make_nccl_communicator(const LaunchEnvironment&, Device&, NcclOptions) {
  throw Error(kNoNccl);
}

}  // namespace lockstep
#endif
