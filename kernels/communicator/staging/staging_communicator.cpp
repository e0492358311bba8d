// SPDX-License-Identifier: Apache-2.0
#include "kernels/communicator/staging/staging_communicator.hpp"

#include <algorithm>
#include <bit>
#include <exception>
#include <functional>
#include <utility>

#include "harness/communicator/call_extent.hpp"

namespace lockstep {
namespace {

/// Bytes on the host.
struct Range {
  const std::byte* begin = nullptr;
  std::size_t bytes = 0;
  const std::byte* end() const { return begin + bytes; }
};

Range range_of(const void* data, std::int64_t elements, DType dtype) {
  return {static_cast<const std::byte*>(data), static_cast<std::size_t>(elements) * size_in_bytes(dtype)};
}

bool overlap(const Range& one, const Range& other) {
  const std::less<const std::byte*> before;
  return one.bytes > 0 && other.bytes > 0 && before(one.begin, other.end()) && before(other.begin, one.end());
}

/// Both of one call: in place the larger one holds the smaller.
Range union_of(const Range& one, const Range& other) {
  const std::less<const std::byte*> before;
  const std::byte* begin = std::min(one.begin, other.begin, before);
  return {begin, static_cast<std::size_t>(std::max(one.end(), other.end(), before) - begin)};
}

}  // namespace

/// The device's memory, kept by its size. A size is a power of two, so that few are asked for only once.
class StagingCommunicator::Memory {
 public:
  explicit Memory(Device& device) : device_(device) {}

  Device& device() { return device_; }

  DeviceMemory take(std::size_t bytes) {
    if (bytes == 0) return {};
    const std::size_t wanted = std::bit_ceil(std::max<std::size_t>(bytes, 256));
    for (DeviceMemory& spare : spare_)
      if (spare.bytes() == wanted) {
        DeviceMemory found = std::exchange(spare, std::move(spare_.back()));
        spare_.pop_back();
        return found;
      }
    return DeviceMemory(device_, wanted);
  }

  void give_back(DeviceMemory memory) {
    if (memory.get()) spare_.push_back(std::move(memory));
  }

 private:
  Device& device_;
  std::vector<DeviceMemory> spare_;
};

/// A call and its double on the device.
class StagingCommunicator::StagedCall : public PendingCall {
 public:
  StagedCall(const Call& call, int rank, int ranks, std::shared_ptr<Memory> memory)
      : in_(range_of(call.in, elements_read(call, rank, ranks), call.dtype)),
        out_(range_of(call.out, elements_written(call, ranks), call.dtype)),
        host_out_(call.out),
        device_call_(call),
        memory_(std::move(memory)) {
    if (call.in == call.out || overlap(in_, out_)) {
      const Range whole = union_of(in_, out_);
      first_ = memory_->take(whole.bytes);
      auto* begin = static_cast<std::byte*>(first_.get());
      device_call_.in = begin + (in_.begin - whole.begin);
      device_call_.out = begin + (out_.begin - whole.begin);
    } else {
      first_ = memory_->take(in_.bytes);
      second_ = memory_->take(out_.bytes);
      device_call_.in = first_.get();
      device_call_.out = second_.get();
    }
    if (in_.bytes > 0) memory_->device().copy_to_device(const_cast<void*>(device_call_.in), in_.begin, in_.bytes);
  }
  StagedCall(const StagedCall&) = delete;
  StagedCall& operator=(const StagedCall&) = delete;
  ~StagedCall() override {
    memory_->give_back(std::move(first_));
    memory_->give_back(std::move(second_));
  }

  const Call& device_call() const { return device_call_; }
  void set_started(Handle started) { started_ = std::move(started); }
  /// Whether the call still has to write what another reads or writes.
  bool concerns(const Range& in, const Range& out) const {
    return !finished_ && (overlap(out_, in) || overlap(out_, out));
  }

  void copy_back() {
    if (out_.bytes > 0) memory_->device().copy_to_host(host_out_, device_call_.out, out_.bytes);
  }

  void finish() noexcept {
    if (std::exchange(finished_, true)) return;
    try {
      started_.wait();
      copy_back();
    } catch (...) {
      error_ = std::current_exception();
    }
  }

  void wait() override {
    finish();
    if (error_) std::rethrow_exception(error_);
  }
  bool done() override { return finished_ || started_.done(); }

 private:
  Range in_, out_;
  void* host_out_;
  Call device_call_;
  std::shared_ptr<Memory> memory_;
  DeviceMemory first_, second_;
  Handle started_;
  bool finished_ = false;
  std::exception_ptr error_;
};

StagingCommunicator::StagingCommunicator(Communicator& inner, Device& device)
    : inner_(inner), memory_(std::make_shared<Memory>(device)) {}

StagingCommunicator::~StagingCommunicator() = default;

void StagingCommunicator::finish_what_overlaps(const Call& call) {
  std::erase_if(started_, [](const std::weak_ptr<StagedCall>& started) { return started.expired(); });
  const Range in = range_of(call.in, elements_read(call, rank(), size()), call.dtype);
  const Range out = range_of(call.out, elements_written(call, size()), call.dtype);
  for (const std::weak_ptr<StagedCall>& each : started_)
    if (const std::shared_ptr<StagedCall> started = each.lock(); started && started->concerns(in, out))
      started->finish();
}

void StagingCommunicator::run(const Call& call) {
  finish_what_overlaps(call);
  StagedCall staged(call, rank(), size(), memory_);
  inner_.run(staged.device_call());
  staged.copy_back();
}

Handle StagingCommunicator::start(const Call& call) {
  finish_what_overlaps(call);
  const auto staged = std::make_shared<StagedCall>(call, rank(), size(), memory_);
  staged->set_started(inner_.start(staged->device_call()));
  started_.push_back(staged);
  return Handle(staged);
}

}  // namespace lockstep
