// SPDX-License-Identifier: Apache-2.0
#include "harness/device/device.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

/// Counts what is allocated and released.
class CountingDevice final : public Device {
 public:
  DeviceKind kind() const override { return DeviceKind::cpu; }
  bool shares_host_memory() const override { return true; }
  void* allocate(std::size_t) override {
    ++allocated;
    return &slots_[allocated];
  }
  void release(void* memory) noexcept override { released.push_back(memory); }
  void copy_to_device(void*, const void*, std::size_t) override {}
  void copy_to_host(void*, const void*, std::size_t) override {}
  void synchronize() override {}
  void* stream() const override { return nullptr; }

  std::size_t allocated = 0;
  std::vector<void*> released;

 private:
  char slots_[16] = {};
};

TEST(Device, HostDevicesAreWhatTheyWereMadeAs) {
  for (const DeviceKind kind : {DeviceKind::cpu, DeviceKind::emulated}) {
    const auto device = make_host_device(kind);
    EXPECT_EQ(device->kind(), kind);
    EXPECT_TRUE(device->shares_host_memory());
    EXPECT_EQ(device->stream(), nullptr);
    EXPECT_NO_THROW(device->synchronize());
  }
  EXPECT_EQ(name_of(DeviceKind::cpu), "cpu");
  EXPECT_EQ(name_of(DeviceKind::emulated), "emulated");
  EXPECT_EQ(name_of(DeviceKind::gpu), "gpu");
}

TEST(Device, HostMemoryIsAlignedAsCudaMallocPromises) {
  const auto device = make_host_device(DeviceKind::cpu);
  for (const std::size_t bytes : {0u, 1u, 255u, 256u, 257u, 100000u}) {
    const DeviceMemory memory(*device, bytes);
    EXPECT_NE(memory.get(), nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.get()) % 256, 0u) << bytes;
    EXPECT_EQ(memory.bytes(), bytes);
  }
}

TEST(Device, CopiesMoveBytesBothWays) {
  const auto device = make_host_device(DeviceKind::emulated);
  const DeviceMemory memory(*device, 16);
  const std::vector<std::uint8_t> sent{1, 2, 3, 4, 5};
  std::vector<std::uint8_t> received(5);
  device->copy_to_device(memory.get(), sent.data(), 5);
  device->copy_to_host(received.data(), memory.get(), 5);
  EXPECT_EQ(received, sent);
}

TEST(Device, TooMuchMemoryIsAnErrorThatSaysHowMuch) {
  const auto device = make_host_device(DeviceKind::cpu);
  try {
    device->allocate(std::size_t{1} << 62);
    FAIL() << "2^62 bytes were allocated";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "out of memory: 4611686018427387904 bytes for a tensor");
  }
}

TEST(Device, AGpuThatIsNotThereIsExplained) {
  const std::string reason = gpu_unavailable();
  if (reason.empty()) {
    const auto device = make_gpu_device();
    EXPECT_EQ(device->kind(), DeviceKind::gpu);
    EXPECT_NE(device->stream(), nullptr);
    return;
  }
  try {
    make_gpu_device();
    FAIL() << "there is no GPU, yet one was made";
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), "no GPU: " + reason);
  }
}

TEST(DeviceMemory, EachAllocationIsReleasedOnce) {
  CountingDevice device;
  void *first = nullptr, *second = nullptr;
  {
    DeviceMemory a(device, 4), b(device, 8);
    first = a.get();
    second = b.get();
    DeviceMemory moved(std::move(a));
    EXPECT_EQ(a.get(), nullptr);
    EXPECT_EQ(moved.get(), first);
    b = std::move(moved);
    EXPECT_EQ(b.get(), first);
    EXPECT_EQ(b.bytes(), 4u);
    const DeviceMemory nothing;
    EXPECT_EQ(nothing.get(), nullptr);
  }
  EXPECT_EQ(device.allocated, 2u);
  EXPECT_THAT(device.released, ::testing::UnorderedElementsAre(first, second));
}

}  // namespace
}  // namespace lockstep
