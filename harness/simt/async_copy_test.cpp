// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/async_copy.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "harness/simt/kernel_fault.hpp"
#include "harness/simt/port.cuh"
#include "harness/simt/settings.hpp"

namespace lockstep::emulated {
namespace {

enum class Mistake { none, no_wait, waits_for_too_few };

/// Two tiles in flight: the usual pipeline, doubling each number.
__global__ void pipeline(const float* in, float* out, int tiles, Mistake mistake) {
  LOCKSTEP_SHARED(float, buffer, [2][32 * 4]);
  const int thread = static_cast<int>(threadIdx.x);
  const auto start = [&](int tile) {
    if (tile < tiles) __pipeline_memcpy_async(&buffer[tile % 2][4 * thread], in + tile * 128 + 4 * thread, 16);
    __pipeline_commit();
  };
  start(0);
  for (int tile = 0; tile < tiles; ++tile) {
    start(tile + 1);
    if (mistake != Mistake::no_wait) __pipeline_wait_prior(mistake == Mistake::waits_for_too_few ? 2 : 1);
    __syncthreads();
    for (int i = 0; i < 4; ++i) out[tile * 128 + i * 32 + thread] = 2 * buffer[tile % 2][i * 32 + thread];
    __syncthreads();
  }
  if (mistake == Mistake::waits_for_too_few) __pipeline_wait_prior(0);
}

TEST(AsyncCopy, PipelineOfTwo) {
  std::vector<float> in(5 * 128);
  std::iota(in.begin(), in.end(), 1.0f);
  for (const simt::Settings& settings : simt::every_order()) {
    SCOPED_TRACE(simt::text(settings));
    const simt::SettingsScope scope(settings);
    std::vector<float> out(in.size());
    launch(pipeline, {1, 32}, nullptr, in.data(), out.data(), 5, Mistake::none);
    for (std::size_t i = 0; i < in.size(); ++i) ASSERT_EQ(out[i], 2 * in[i]);
  }
}

TEST(AsyncCopy, WaitingForTooFewGroupsShowsInEveryOrder) {
  std::vector<float> in(5 * 128);
  std::iota(in.begin(), in.end(), 1.0f);
  for (const simt::Settings& settings : simt::every_order()) {
    SCOPED_TRACE(simt::text(settings));
    const simt::SettingsScope scope(settings);
    std::vector<float> out(in.size());
    launch(pipeline, {1, 32}, nullptr, in.data(), out.data(), 5, Mistake::waits_for_too_few);
    // The poison, or what an older copy, carried out late, left there.
    for (std::size_t i = 0; i < in.size(); ++i) EXPECT_NE(out[i], 2 * in[i]);
  }
}

TEST(AsyncCopy, ACopyThatIsNeverWaitedForIsReported) {
  const std::vector<float> in(128, 1.0f);
  std::vector<float> out(128);
  try {
    launch(pipeline, {1, 32}, nullptr, in.data(), out.data(), 1, Mistake::no_wait);
    FAIL() << "nothing was reported";
  } catch (const simt::KernelFault& fault) {
    EXPECT_EQ(fault.kind(), simt::FaultKind::missing_wait);
    EXPECT_NE(std::string(fault.what()).find("async_copy_test.cpp:"), std::string::npos) << fault.what();
  }
  launch(pipeline, {1, 32}, nullptr, in.data(), out.data(), 1, Mistake::none);
  EXPECT_EQ(out, std::vector<float>(128, 2.0f)) << "nothing is left of the block that failed";
}

__global__ void copy_with_zeros(const float* in, float* out, int bytes, int zeros, int misalignment) {
  LOCKSTEP_SHARED(float, buffer, [8]);
  __pipeline_memcpy_async(&buffer[misalignment], in, static_cast<std::size_t>(bytes), static_cast<std::size_t>(zeros));
  __pipeline_commit();
  __pipeline_wait_prior(0);
  for (int i = 0; i < 4; ++i) out[i] = buffer[i];
}

TEST(AsyncCopy, FillsWithZerosAndChecksItsArguments) {
  alignas(16) const float in[4] = {1, 2, 3, 4};
  std::vector<float> out(4);
  launch(copy_with_zeros, {1, 1}, nullptr, &in[0], out.data(), 16, 8, 0);
  EXPECT_EQ(out, (std::vector<float>{1, 2, 0, 0}));
  launch(copy_with_zeros, {1, 1}, nullptr, static_cast<const float*>(nullptr), out.data(), 16, 16, 0);
  EXPECT_EQ(out, (std::vector<float>{0, 0, 0, 0}));
  EXPECT_THROW(launch(copy_with_zeros, {1, 1}, nullptr, &in[0], out.data(), 12, 0, 0), Error);
  EXPECT_THROW(launch(copy_with_zeros, {1, 1}, nullptr, &in[0], out.data(), 16, 17, 0), Error);
  EXPECT_THROW(launch(copy_with_zeros, {1, 1}, nullptr, &in[0], out.data(), 16, 0, 1), Error);
}

}  // namespace
}  // namespace lockstep::emulated
