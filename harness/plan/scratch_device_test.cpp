// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/scratch_device.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

using ::testing::HasSubstr;

TEST(ScratchDevice, HandsOutPoisonedAndGuardedMemory) {
  const auto host = make_host_device(DeviceKind::emulated);
  ScratchDevice scratch(*host);
  EXPECT_EQ(scratch.kind(), DeviceKind::emulated);
  auto* const bytes = static_cast<std::uint8_t*>(scratch.allocate(100));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes) % 256, 0u);
  for (int at = 0; at < 100; ++at) EXPECT_EQ(bytes[at], 0xff);
  std::memset(bytes, 7, 100);
  EXPECT_EQ(scratch.damage(), std::nullopt);
  bytes[103] ^= 1;
  EXPECT_THAT(scratch.damage().value_or(""),
              HasSubstr("behind the end of 100 bytes of scratch memory, the first 3 bytes"));
  bytes[103] ^= 1;
  bytes[-1] ^= 1;
  EXPECT_THAT(scratch.damage().value_or(""), HasSubstr("ahead of 100 bytes"));
  scratch.release(bytes);
  EXPECT_EQ(scratch.damage(), std::nullopt);
}

TEST(ScratchDevice, CountsWhatIsHeldAtOnce) {
  const auto host = make_host_device(DeviceKind::cpu);
  ScratchDevice scratch(*host, 150);
  void* const first = scratch.allocate(100);
  EXPECT_THROW(scratch.allocate(51), Error);
  scratch.release(first);
  void* const second = scratch.allocate(150);
  scratch.release(second);
  EXPECT_EQ(scratch.most_bytes(), 150u);
  ScratchDevice none(*host, 0);
  EXPECT_THROW(none.allocate(1), Error);
  EXPECT_EQ(none.most_bytes(), 0u);
}

}  // namespace
}  // namespace lockstep
