// SPDX-License-Identifier: Apache-2.0
// Kernels that do what CUDA leaves undefined: each must be reported, as what it is and where.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness/simt/kernel_fault.hpp"
#include "harness/simt/port.cuh"
#include "harness/simt/settings.hpp"

namespace lockstep::emulated {
namespace {

using simt::every_order;
using simt::FaultKind;
using simt::KernelFault;
using simt::Settings;
using simt::SettingsScope;

__global__ void healthy(int* out) {
  __syncthreads();
  out[threadIdx.x] = __shfl_xor_sync(0xffffffffu, static_cast<int>(threadIdx.x), 1);
}

/// Launches in every order, expects this fault each time, and that the next launch works. Returns the last message.
template <class... Parameters>
std::string expect_fault(FaultKind kind, void (*kernel)(Parameters...), const LaunchShape& shape,
                         Parameters... arguments) {
  std::string message;
  for (const Settings& settings : every_order()) {
    SCOPED_TRACE(simt::text(settings));
    const SettingsScope scope(settings);
    try {
      launch(kernel, shape, nullptr, arguments...);
      ADD_FAILURE() << "nothing was reported";
    } catch (const KernelFault& fault) {
      message = fault.what();
      EXPECT_EQ(simt::name(fault.kind()), std::string(simt::name(kind))) << message;
    }
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    std::vector<int> out(64);
    launch(healthy, {1, 64}, nullptr, out.data());
    for (int i = 0; i < 64; ++i) EXPECT_EQ(out[static_cast<std::size_t>(i)], i ^ 1);
  }
  return message;
}

#define EXPECT_CONTAINS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

__global__ void different_barriers(int limit) {
  if (static_cast<int>(threadIdx.x) < limit) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}

TEST(BlockFaults, ThreadsAtDifferentBarriers) {
  const std::string message = expect_fault(FaultKind::divergent_barrier, different_barriers, {2, 64}, 40);
  EXPECT_CONTAINS(message, "block_faults_test.cpp:");
  EXPECT_CONTAINS(message, "another barrier");
  launch(different_barriers, {2, 64}, nullptr, 64);  // all on one side: nothing to report
}

__global__ void conditional_barrier(int limit) {
  if (static_cast<int>(threadIdx.x) < limit) __syncthreads();
}

TEST(BlockFaults, SomeExitWhileOthersWait) {
  const std::string message = expect_fault(FaultKind::divergent_barrier, conditional_barrier, {3, 64}, 40);
  EXPECT_CONTAINS(message, "40 of 64 threads wait here, the other 24 have exited");
  launch(conditional_barrier, {3, 64}, nullptr, 0);
  launch(conditional_barrier, {3, 64}, nullptr, 64);
}

__global__ void shuffle_under_condition(int limit, int* out) {
  if (static_cast<int>(threadIdx.x) < limit)
    out[threadIdx.x] = __shfl_down_sync(0xffffffffu, static_cast<int>(threadIdx.x), 1);
}

TEST(BlockFaults, ShuffleNamesLanesThatExit) {
  std::vector<int> out(32);
  const std::string message = expect_fault(FaultKind::absent_lane, shuffle_under_condition, {1, 32}, 20, out.data());
  EXPECT_CONTAINS(message, "block_faults_test.cpp:");
  EXPECT_CONTAINS(message, "exited");
}

TEST(BlockFaults, ShuffleNamesLanesThatNeverWere) {
  std::vector<int> out(48);
  const std::string message = expect_fault(FaultKind::absent_lane, shuffle_under_condition, {1, 48}, 48, out.data());
  EXPECT_CONTAINS(message, "0xffff0000");
}

__global__ void read_outside_mask(int* out) {
  if (threadIdx.x < 8) out[threadIdx.x] = __shfl_sync(0xffu, static_cast<int>(threadIdx.x), 9);
}

TEST(BlockFaults, ShuffleReadsFromALaneOutsideItsMask) {
  std::vector<int> out(32);
  const std::string message = expect_fault(FaultKind::absent_lane, read_outside_mask, {1, 32}, out.data());
  EXPECT_CONTAINS(message, "reads from lane 9");
}

__global__ void mask_of_others(int* out) {
  const unsigned mask = threadIdx.x < 16 ? 0x0000ffffu : 0x00ffff00u;
  out[threadIdx.x] = __shfl_xor_sync(mask, 1, 1);
}

TEST(BlockFaults, MaskWithoutItsCaller) {
  std::vector<int> out(32);
  const Settings reverse{.order = simt::Order::reverse};
  const SettingsScope scope(reverse);
  try {
    launch(mask_of_others, {1, 32}, nullptr, out.data());
    FAIL() << "nothing was reported";
  } catch (const KernelFault& fault) {
    EXPECT_EQ(fault.kind(), FaultKind::mask_without_self) << fault.what();
    EXPECT_CONTAINS(std::string(fault.what()), "thread (31,0,0)");
    EXPECT_CONTAINS(std::string(fault.what()), "lane 31");
  }
}

__global__ void different_operations(int* out) {
  if (threadIdx.x % 2 == 0) {
    out[threadIdx.x] = __shfl_xor_sync(0xffffffffu, 1, 2);
  } else {
    out[threadIdx.x] = __any_sync(0xffffffffu, 1);
  }
}

TEST(BlockFaults, LanesOfOneMaskInDifferentOperations) {
  std::vector<int> out(32);
  const std::string message = expect_fault(FaultKind::mismatched_collective, different_operations, {1, 32}, out.data());
  EXPECT_CONTAINS(message, "vote");
  EXPECT_CONTAINS(message, "__shfl_xor_sync");
}

__global__ void different_masks(int* out) {
  const unsigned mask = threadIdx.x < 16 ? 0xffffffffu : 0xffff0000u;
  out[threadIdx.x] = __shfl_xor_sync(mask, 1, 1);
}

TEST(BlockFaults, LanesThatNameDifferentMasks) {
  std::vector<int> out(32);
  for (const Settings& settings : every_order()) {
    SCOPED_TRACE(simt::text(settings));
    const SettingsScope scope(settings);
    // Either the large mask meets the lanes of the small one, or it waits for them when they have exited.
    EXPECT_THROW(launch(different_masks, {1, 32}, nullptr, out.data()), KernelFault);
  }
}

__global__ void barrier_against_shuffle(int* out) {
  if (threadIdx.x % 32 < 16) {
    __syncthreads();
  } else {
    out[threadIdx.x] = __shfl_xor_sync(0xffffffffu, 1, 1);
  }
}

TEST(BlockFaults, DeadlockTellsWhoWaitsWhere) {
  std::vector<int> out(64);
  const std::string message = expect_fault(FaultKind::deadlock, barrier_against_shuffle, {1, 64}, out.data());
  EXPECT_CONTAINS(message, "32 of 64 threads wait for the block at ");
  EXPECT_CONTAINS(message, "warp 0 lanes 0xffff0000 wait for 0xffffffff in __shfl_xor_sync at ");
  EXPECT_CONTAINS(message, "warp 1 lanes 0xffff0000 wait for 0xffffffff in __shfl_xor_sync at ");
}

constexpr int kTrapLine = __LINE__ + 2;
__global__ void fault_of_third_block(int* out) {
  if (blockIdx.x == 2 && threadIdx.x == 5) __trap();
  out[blockIdx.x] = 1;
}

TEST(BlockFaults, TheReportNamesBlockThreadAndLine) {
  std::vector<int> out(4);
  const std::string message = expect_fault(FaultKind::trap, fault_of_third_block, {4, 32}, out.data());
  EXPECT_CONTAINS(message, "block (2,0,0), thread (5,0,0)");
  EXPECT_CONTAINS(message, "block_faults_test.cpp:" + std::to_string(kTrapLine) + ":");
}

__global__ void swallow_everything(int* out) {
  try {
    out[threadIdx.x] = __shfl_sync(2u, 1, 0);
  } catch (...) {
    out[threadIdx.x] = -1;
  }
}

TEST(BlockFaults, AKernelCannotCatchItsFault) {
  std::vector<int> out(1);
  expect_fault(FaultKind::mask_without_self, swallow_everything, {1, 1}, out.data());
  EXPECT_EQ(out[0], 0);
}

__global__ void bad_width(int width, int* out) { out[threadIdx.x] = __shfl_xor_sync(~0u, 1, 1, width); }

TEST(BlockFaults, ShuffleWidthMustBeAPowerOfTwo) {
  std::vector<int> out(32);
  EXPECT_THROW(launch(bad_width, {1, 32}, nullptr, 12, out.data()), Error);
  EXPECT_THROW(launch(bad_width, {1, 32}, nullptr, 64, out.data()), Error);
  EXPECT_NO_THROW(launch(bad_width, {1, 32}, nullptr, 8, out.data()));
}

}  // namespace
}  // namespace lockstep::emulated
