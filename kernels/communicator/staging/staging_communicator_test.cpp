// SPDX-License-Identifier: Apache-2.0
#include "kernels/communicator/staging/staging_communicator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <numeric>
#include <thread>

#include "harness/communicator/call_extent.hpp"
#include "harness/communicator/testing/recording_communicator.hpp"
#include "harness/data/error.hpp"
#include "kernels/communicator/threads/run_ranks.hpp"

namespace lockstep {
namespace {

using testing::Each;
using testing::HasSubstr;

/// A device of the host that knows its memory and the thread it belongs to.
class WatchedDevice : public Device {
 public:
  DeviceKind kind() const override { return DeviceKind::emulated; }
  bool shares_host_memory() const override { return false; }
  void* allocate(std::size_t bytes) override {
    expect_own_thread();
    void* memory = host_->allocate(bytes);
    held_[static_cast<const std::byte*>(memory)] = bytes;
    ++allocations_;
    return memory;
  }
  void release(void* memory) noexcept override {
    held_.erase(static_cast<const std::byte*>(memory));
    host_->release(memory);
  }
  void copy_to_device(void* to, const void* from, std::size_t bytes) override {
    expect_own_thread();
    EXPECT_TRUE(holds(to, bytes) && !holds(from, 1));
    host_->copy_to_device(to, from, bytes);
  }
  void copy_to_host(void* to, const void* from, std::size_t bytes) override {
    expect_own_thread();
    EXPECT_TRUE(holds(from, bytes) && !holds(to, 1));
    host_->copy_to_host(to, from, bytes);
  }
  void synchronize() override {}
  void* stream() const override { return nullptr; }

  bool holds(const void* data, std::size_t bytes) const {
    const auto* begin = static_cast<const std::byte*>(data);
    const auto above = held_.upper_bound(begin);
    if (above == held_.begin()) return false;
    const auto [memory, size] = *std::prev(above);
    return begin + bytes <= memory + size;
  }
  int allocations() const { return allocations_; }
  std::size_t blocks_held() const { return held_.size(); }

 private:
  void expect_own_thread() const { EXPECT_EQ(std::this_thread::get_id(), thread_); }

  std::unique_ptr<Device> host_ = make_host_device(DeviceKind::emulated);
  std::thread::id thread_ = std::this_thread::get_id();
  std::map<const std::byte*, std::size_t> held_;
  int allocations_ = 0;
};

/// As NCCL: it takes buffers of its device alone.
class OnDevice : public Communicator {
 public:
  OnDevice(Communicator& inner, const WatchedDevice& device) : inner_(inner), device_(device) {}
  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }
  std::string name() const override { return "on_device"; }
  void run(const Call& call) override {
    expect_on_device(call);
    inner_.run(call);
  }
  Handle start(const Call& call) override {
    expect_on_device(call);
    return inner_.start(call);
  }

 private:
  void expect_on_device(const Call& call) const {
    const auto bytes = static_cast<std::int64_t>(size_in_bytes(call.dtype));
    const std::int64_t read = elements_read(call, rank(), size()) * bytes,
                       written = elements_written(call, size()) * bytes;
    EXPECT_TRUE(read == 0 || device_.holds(call.in, static_cast<std::size_t>(read))) << describe(call);
    EXPECT_TRUE(written == 0 || device_.holds(call.out, static_cast<std::size_t>(written))) << describe(call);
  }
  Communicator& inner_;
  const WatchedDevice& device_;
};

/// A rank with its device and what lies between.
struct StagedRank {
  explicit StagedRank(Communicator& transport) : on_device(transport, device), ranks(on_device, device) {}
  WatchedDevice device;
  OnDevice on_device;
  StagingCommunicator ranks;
};

/// Contents that tell ranks and places apart and sum with rounding.
template <class T>
std::vector<T> contents(std::int64_t count, int rank, int seed) {
  std::vector<T> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double value = 0.1 * static_cast<double>((i * 37 + static_cast<std::size_t>(seed)) % 101) + 3.3 * rank;
    if constexpr (std::is_same_v<T, BFloat16>)
      values[i] = BFloat16::from(static_cast<float>(value));
    else
      values[i] = static_cast<T>(value);
  }
  return values;
}

/// Every collective of Communicator on one rank, in place and not, blocking or started; all the bytes that come of it.
template <class T>
std::vector<std::byte> results(Communicator& ranks, bool starts, std::int64_t count) {
  const int rank = ranks.rank(), size = ranks.size();
  constexpr DType dtype = dtype_of<T>();
  std::vector<std::byte> all;
  const auto keep = [&](const std::vector<T>& values) {
    const auto* bytes = reinterpret_cast<const std::byte*>(values.data());
    all.insert(all.end(), bytes, bytes + values.size() * sizeof(T));
  };
  std::vector<T> small = contents<T>(count, rank, 1), large = contents<T>(count * size, rank, 2);
  const auto part = [&](std::vector<T>& whole) { return Buffer{whole.data() + rank * count, count, dtype}; };
  std::vector<std::int64_t> counts(static_cast<std::size_t>(size));
  for (int r = 0; r < size; ++r) counts[static_cast<std::size_t>(r)] = r * count;
  const std::int64_t before = std::accumulate(counts.begin(), counts.begin() + rank, std::int64_t{0});

  const auto call = [&](auto blocking, auto starting, std::vector<T>& out) {
    starts ? starting().wait() : blocking();
    keep(out);
  };
#define LOCKSTEP_CALL(out, name, ...) \
  call([&] { ranks.name(__VA_ARGS__); }, [&] { return ranks.start_##name(__VA_ARGS__); }, out)
  std::vector<T> to_small = contents<T>(count, rank, 3), to_large = contents<T>(count * size, rank, 4);
  std::vector<T> uneven = contents<T>(rank * count, rank, 5);
  std::vector<T> whole = contents<T>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}), rank, 6);
  LOCKSTEP_CALL(to_small, all_reduce, buffer_of(std::as_const(small)), buffer_of(to_small));
  LOCKSTEP_CALL(small, all_reduce, buffer_of(small), Reduction::max);
  LOCKSTEP_CALL(to_small, reduce_scatter, buffer_of(std::as_const(large)), buffer_of(to_small));
  LOCKSTEP_CALL(to_large, all_gather, buffer_of(std::as_const(small)), buffer_of(to_large));
  LOCKSTEP_CALL(to_large, all_gather, part(to_large), buffer_of(to_large));
  LOCKSTEP_CALL(whole, all_gather_uneven, buffer_of(std::as_const(uneven)), buffer_of(whole), counts);
  whole = contents<T>(static_cast<std::int64_t>(whole.size()), rank, 7);
  LOCKSTEP_CALL(whole, all_gather_uneven, (Buffer{whole.data() + before, rank * count, dtype}), buffer_of(whole),
                counts);
  LOCKSTEP_CALL(to_large, all_to_all, buffer_of(std::as_const(large)), buffer_of(to_large));
  LOCKSTEP_CALL(large, reduce_scatter, buffer_of(large), part(large), Reduction::min);
  LOCKSTEP_CALL(small, broadcast, buffer_of(small), size - 1);
  to_small = contents<T>(count, rank, 8);
  if (rank > 0) LOCKSTEP_CALL(small, send, buffer_of(std::as_const(small)), rank - 1);
  if (rank + 1 < size) LOCKSTEP_CALL(to_small, receive, buffer_of(to_small), rank + 1);
  LOCKSTEP_CALL(small, barrier);
#undef LOCKSTEP_CALL
  return all;
}

template <class T>
void expect_the_same(std::int64_t count) {
  for (const bool starts : {false, true})
    run_ranks(3, [&](Communicator& transport) {
      const std::vector<std::byte> expected = results<T>(transport, starts, count);
      transport.barrier();
      transport.reset_traffic();
      StagedRank staged(transport);
      EXPECT_EQ(results<T>(staged.ranks, starts, count), expected) << count << (starts ? " started" : "");
      EXPECT_EQ(staged.ranks.total_traffic().calls, 11 + (transport.rank() == 1 ? 2 : 1));
      EXPECT_EQ(transport.total_traffic().calls, 0);
    });
}

TEST(StagingCommunicator, EveryCollectiveGivesTheBitsOfTheInnerOne) {
  for (const std::int64_t count : {0, 1, 33, 1000}) {
    expect_the_same<float>(count);
    expect_the_same<double>(count);
    expect_the_same<BFloat16>(count);
    expect_the_same<std::int64_t>(count);
  }
}

TEST(StagingCommunicator, StartedCallsAreCarriedOutInOrderAndKeepTheirMemory) {
  run_ranks(2, [](Communicator& transport) {
    StagedRank staged(transport);
    Communicator& ranks = staged.ranks;
    for (int step = 0; step < 3; ++step) {
      std::vector<std::vector<double>> buckets(5, std::vector<double>(999, ranks.rank() + 1));
      std::vector<Handle> handles;
      for (std::vector<double>& bucket : buckets) handles.push_back(ranks.start_all_reduce(buffer_of(bucket)));
      EXPECT_THAT(buckets[4], Each(ranks.rank() + 1.0)) << "written before its handle was waited for";
      std::vector<double> last(3, 1);
      ranks.all_reduce(buffer_of(last));  // behind all of them
      for (Handle& handle : handles) EXPECT_TRUE(handle.done());
      handles.clear();  // waits
      for (const std::vector<double>& bucket : buckets) EXPECT_THAT(bucket, Each(3.0));
      EXPECT_THAT(last, Each(2.0));
    }
    EXPECT_EQ(staged.device.allocations(), 6);
  });
}

TEST(StagingCommunicator, ACallSeesWhatAnEarlierOneWrites) {
  run_ranks(2, [](Communicator& transport) {
    StagedRank staged(transport);
    std::vector<float> values(10, 1), copies(20);
    Handle doubled = staged.ranks.start_all_reduce(buffer_of(values));
    Handle again = staged.ranks.start_all_reduce(buffer_of(values));
    Handle gathered = staged.ranks.start_all_gather(buffer_of(std::as_const(values)), buffer_of(copies));
    gathered.wait();
    EXPECT_THAT(copies, Each(4.0f));
    doubled.wait();
    again.wait();
    EXPECT_THAT(values, Each(4.0f));
  });
}

TEST(StagingCommunicator, ErrorsPassThroughAndLeaveTheHostAlone) {
  for (const bool starts : {false, true}) {
    const auto failures = failures_of_ranks(3, [starts](Communicator& transport) {
      StagedRank staged(transport);
      staged.ranks.set_step(4);
      std::vector<float> values(transport.rank() == 1 ? 511 : 512, 1);
      try {
        starts ? staged.ranks.start_all_reduce(buffer_of(values)).wait() : staged.ranks.all_reduce(buffer_of(values));
      } catch (const Error&) {
        EXPECT_THAT(values, Each(1.0f));
        throw;
      }
    });
    EXPECT_THAT(failures, Each(HasSubstr("rank 1 call 1 all_reduce(sum of 511 f32) in step 4")));
  }
}

TEST(StagingCommunicator, MemoryEndsWithIt) {
  WatchedDevice device;
  RecordingCommunicator inner(0, 2);
  {
    StagingCommunicator ranks(inner, device);
    EXPECT_EQ(ranks.name(), "staging+recording");
    std::vector<float> values(8);
    Handle handle = ranks.start_all_reduce(buffer_of(values));
    handle.wait();
    EXPECT_THAT(inner.numbers(), testing::ElementsAre(1));
    EXPECT_EQ(device.blocks_held(), 1u);
  }
  EXPECT_EQ(device.blocks_held(), 0u);
}

}  // namespace
}  // namespace lockstep
