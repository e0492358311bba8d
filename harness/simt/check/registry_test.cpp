// SPDX-License-Identifier: Apache-2.0
// Global memory: bounds, what nobody has written, what was released.
#include "harness/simt/check/registry.hpp"

#include <gtest/gtest.h>

#include "harness/simt/check/testing/checked_launch.hpp"

namespace lockstep::emulated {
namespace {

constexpr int kCopyLine = __LINE__ + 3;
__global__ void copy(const float* in, float* out, int count) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < count) out[i] = in[i];
}

TEST(Registry, WritesAndReadsPastTheEnd) {
  const GlobalTensor<float> large("large", 64), small("small", 40, false), input("input", 40);
  std::string found = expect_found(FaultKind::out_of_bounds, copy, {2, 32}, large.data(), small.data(), 64);
  EXPECT_CONTAINS(found, at_line(kCopyLine) + ": writes 4 bytes of 'small', 0 bytes past its end at 160");
  EXPECT_CONTAINS(found, "block (1,0,0), thread (8,0,0)");
  found = expect_found(FaultKind::out_of_bounds, copy, {2, 32}, input.data(), large.data(), 64);
  EXPECT_CONTAINS(found, at_line(kCopyLine) + ": reads 4 bytes of 'input', 0 bytes past its end at 160");
  found = expect_found(FaultKind::out_of_bounds, copy, {1, 32}, input.data() - 3, large.data(), 32);
  EXPECT_CONTAINS(found, "12 bytes before its start");
  expect_silent(copy, {2, 32}, large.data(), small.data(), 40);
}

TEST(Registry, WhatNobodyHasWritten) {
  const GlobalTensor<float> in("in", 64, false), out("out", 64, false);
  EXPECT_CONTAINS(expect_found(FaultKind::uninitialised_read, copy, {2, 32}, in.data(), out.data(), 64),
                  "reads 4 bytes of 'in' + 0; nobody has written it (64 times)");
  simt::mark_global(in.data(), 64 * sizeof(float), simt::GlobalContent::written);  // as whoever fills it does
  expect_silent(copy, {2, 32}, in.data(), out.data(), 64);
  expect_silent(copy, {2, 32}, out.data(), in.data(), 64);  // what a kernel wrote, the next may read
}

TEST(Registry, UseAfterFree) {
  const GlobalTensor<float> out("out", 64);
  const float* released = nullptr;
  {
    const GlobalTensor<float> in("in", 64);
    released = in.data();
    expect_silent(copy, {2, 32}, released, out.data(), 64);
  }
  const std::string found = expect_found(FaultKind::use_after_free, copy, {2, 32}, released, out.data(), 64);
  EXPECT_CONTAINS(found, "reads 4 bytes of released 'in' + 0");
  EXPECT_CONTAINS(found, at_line(kCopyLine));
  EXPECT_TRUE(simt::check::is_released(reinterpret_cast<std::uintptr_t>(released)));
}

TEST(Registry, AllocationsAreAlignedAndApart) {
  std::vector<void*> all;
  for (const std::size_t bytes : {1, 4096, 4097, 0, 100000}) all.push_back(simt::allocate_global(bytes));
  for (void* memory : all) EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory) % 256, 0u);
  for (std::size_t i = 0; i + 1 < all.size(); ++i)
    EXPECT_GE(static_cast<char*>(all[i + 1]) - static_cast<char*>(all[i]), 4096);
  for (void* memory : all) simt::release_global(memory);
}

TEST(Registry, WhatIsReservedMayBeTouchedWhereItIsMarked) {
  const GlobalTensor<float> out("out", 64);
  void* const memory = simt::check::reserve_global(8, std::size_t{40} << 30, "wide");
  auto* const wide = reinterpret_cast<float*>(static_cast<char*>(memory) + 8);
  EXPECT_CONTAINS(expect_found(FaultKind::out_of_bounds, copy, {1, 32}, wide, out.data(), 32), "'wide' + 0");
  simt::mark_global(wide, 32 * sizeof(float), simt::GlobalContent::written);
  expect_silent(copy, {1, 32}, wide, out.data(), 32);
  EXPECT_CONTAINS(expect_found(FaultKind::out_of_bounds, copy, {1, 33}, wide, out.data(), 33), "'wide' + 128");
  simt::release_global(memory);
}

}  // namespace
}  // namespace lockstep::emulated
