// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/shared_arena.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "harness/simt/port.cuh"
#include "harness/simt/stack_pool.hpp"

namespace lockstep::emulated {
namespace {

using simt::FaultKind;
using simt::KernelFault;

template <class Value>
__global__ void read_unwritten(Value* out) {
  LOCKSTEP_SHARED(Value, values, [4][8]);
  LOCKSTEP_SHARED(Value, single);
  LOCKSTEP_DYNAMIC_SHARED(Value, dynamic);
  out[3 * threadIdx.x] = values[threadIdx.x / 8][threadIdx.x % 8];
  out[3 * threadIdx.x + 1] = single;
  out[3 * threadIdx.x + 2] = dynamic[threadIdx.x];
  __syncthreads();
  // So that the next block finds something, were it not poisoned again.
  values[threadIdx.x / 8][threadIdx.x % 8] = single = dynamic[threadIdx.x] = Value(1);
}

template <class Value>
void check_poison() {
  std::vector<Value> out(96);
  launch(read_unwritten<Value>, {3, 32, 32 * sizeof(Value)}, nullptr, out.data());
  for (Value value : out) EXPECT_TRUE(std::isnan(static_cast<double>(static_cast<float>(value))));
}

TEST(SharedArena, WhatNobodyWroteIsNotANumberInEveryBlock) {
  check_poison<float>();
  check_poison<double>();
  check_poison<__half>();
  check_poison<__nv_bfloat16>();
}

template <int kWhich>
__global__ void instantiated(int** addresses) {
  LOCKSTEP_SHARED(int, first, [3]);
  LOCKSTEP_SHARED(int, second, [5]);
  addresses[2 * kWhich] = first;
  addresses[2 * kWhich + 1] = second;
  if (kWhich == 0) {
    for (int i = 0; i < 3; ++i) first[i] = i;
    for (int i = 0; i < 5; ++i) second[i] = 10 + i;
    __syncthreads();
    for (int i = 0; i < 3; ++i)
      if (first[i] != i) __trap();
  }
}

__device__ void call_both_instances(int** addresses) {
  instantiated<0>(addresses);
  instantiated<1>(addresses);
}
__global__ void both_instances(int** addresses) { call_both_instances(addresses); }

TEST(SharedArena, EveryDeclarationAndInstanceHasAnArrayOfItsOwn) {
  std::vector<int*> addresses(4);
  launch(both_instances, {2, 16}, nullptr, addresses.data());
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(addresses[i]) % 16, 0u);
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(addresses[i], addresses[j]);
  }
}

__global__ void write_at(int offset) {
  LOCKSTEP_SHARED(float, neighbour, [16]);
  LOCKSTEP_SHARED(float, victim, [32]);
  neighbour[threadIdx.x % 16] = 0;
  volatile float* unchecked = &victim[0];  // out of sight of the compiler's own bounds checks
  unchecked[static_cast<int>(threadIdx.x) + offset] = 1;
}

__global__ void write_dynamic_at(int offset) {
  LOCKSTEP_DYNAMIC_SHARED(float, scratch);
  volatile float* unchecked = scratch;
  unchecked[static_cast<int>(threadIdx.x) + offset] = 1;
}

#ifdef LOCKSTEP_SIMT_ADDRESS_SANITIZER
TEST(SharedArenaDeathTest, TheSanitizerSeesWritesOutsideAnArray) {
  EXPECT_DEATH(launch(write_at, {1, 32}, nullptr, 1), "use-after-poison");
  EXPECT_DEATH(launch(write_at, {1, 32}, nullptr, -1), "use-after-poison");
  EXPECT_DEATH(launch(write_dynamic_at, {1, 32, 128}, nullptr, 1), "use-after-poison");
}
#else
template <class Kernel>
std::string message_of(Kernel* kernel, const LaunchShape& shape, int offset) {
  try {
    launch(kernel, shape, nullptr, offset);
  } catch (const KernelFault& fault) {
    EXPECT_EQ(fault.kind(), FaultKind::shared_guard);
    launch(kernel, shape, nullptr, 0);  // the next launch finds its guards whole
    return fault.what();
  }
  return "nothing was reported";
}

TEST(SharedArena, WritesOutsideAnArrayAreReportedWithItsName) {
  const std::string after = message_of(write_at, {2, 32}, 1);
  EXPECT_NE(after.find("past the end of shared array 'victim'"), std::string::npos) << after;
  EXPECT_NE(after.find("of 128 bytes"), std::string::npos) << after;
  EXPECT_NE(after.find("block (0,0,0)"), std::string::npos) << after;
  EXPECT_NE(after.find("shared_arena_test.cpp:"), std::string::npos) << after;
  const std::string before = message_of(write_at, {2, 32}, -1);
  EXPECT_NE(before.find("before the start of shared array 'victim'"), std::string::npos) << before;
  EXPECT_NE(before.find("4 bytes before its first"), std::string::npos) << before;
}

TEST(SharedArena, WritesOutsideTheDynamicMemoryAreReported) {
  const std::string after = message_of(write_dynamic_at, {1, 32, 128}, 3);
  EXPECT_NE(after.find("past the end of shared array 'scratch'"), std::string::npos) << after;
  const std::string before = message_of(write_dynamic_at, {1, 32, 128}, -1);
  EXPECT_NE(before.find("before the start of shared array 'scratch'"), std::string::npos) << before;
}
#endif

template <int kBytes>
__global__ void static_bytes(char* out) {
  LOCKSTEP_SHARED(char, bytes, [kBytes]);
  bytes[threadIdx.x] = 1;
  out[threadIdx.x] = bytes[threadIdx.x];
}

TEST(SharedArena, MoreThanADeviceHasIsRefused) {
  std::vector<char> out(32);
  EXPECT_NO_THROW(launch(static_bytes<48 * 1024>, {1, 32}, nullptr, out.data()));
  EXPECT_THROW(launch(static_bytes<48 * 1024 + 1>, {1, 32}, nullptr, out.data()), Error);
  EXPECT_NO_THROW(launch(static_bytes<1024>, {1, 32, 226 * 1024}, nullptr, out.data()));
  EXPECT_THROW(launch(static_bytes<1025>, {1, 32, 226 * 1024}, nullptr, out.data()), Error);
  EXPECT_THROW(launch(static_bytes<1>, {1, 32, 227 * 1024 + 1}, nullptr, out.data()), Error);
}

}  // namespace
}  // namespace lockstep::emulated
