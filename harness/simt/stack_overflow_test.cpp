// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/stack_overflow.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness/simt/kernel_fault.hpp"
#include "harness/simt/port.cuh"
#include "harness/simt/settings.hpp"
#include "harness/simt/stack_pool.hpp"

namespace lockstep::emulated {
namespace {

__attribute__((noinline)) __device__ int descend(int depth, const volatile int* bottom) {
  volatile int frame[64];
  frame[depth % 64] = depth;
  if (depth == *bottom) return frame[depth % 64];
  return descend(depth + 1, bottom) + frame[depth % 64];
}

__global__ void recurse(unsigned thread, const int* bottom, int* out) {
  __syncthreads();
  if (threadIdx.x == thread) out[0] = descend(0, bottom);
  __syncthreads();
}

TEST(StackOverflow, IsReportedAndTheNextLaunchWorks) {
#ifdef LOCKSTEP_SIMT_ADDRESS_SANITIZER
  GTEST_SKIP() << "AddressSanitizer has a report of its own for this";
#endif
  const int endless = -1, shallow = 20;
  for (const simt::Settings& settings : simt::every_order(1)) {
    SCOPED_TRACE(simt::text(settings));
    const simt::SettingsScope scope(settings);
    int out = 0;
    try {
      launch(recurse, {1, 64}, nullptr, 11u, &endless, &out);
      FAIL() << "nothing was reported";
    } catch (const simt::KernelFault& fault) {
      EXPECT_EQ(fault.kind(), simt::FaultKind::stack_overflow);
      EXPECT_NE(std::string(fault.what()).find("thread (11,0,0)"), std::string::npos) << fault.what();
    }
    launch(recurse, {1, 64}, nullptr, 11u, &shallow, &out);
    EXPECT_EQ(out, 20 * 21 / 2);
  }
}

__global__ void write_null(int* nowhere) { *nowhere = 1; }

TEST(StackOverflowDeathTest, OtherMemoryFaultsStillEndTheProcess) {
#ifdef LOCKSTEP_SIMT_ADDRESS_SANITIZER
  GTEST_SKIP() << "under AddressSanitizer no handler is installed";
#endif
  EXPECT_DEATH(launch(write_null, {1, 32}, nullptr, static_cast<int*>(nullptr)), "");
}

}  // namespace
}  // namespace lockstep::emulated
