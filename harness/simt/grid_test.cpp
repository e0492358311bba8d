// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "harness/simt/kernel_fault.hpp"
#include "harness/simt/port.cuh"
#include "harness/simt/settings.hpp"

namespace lockstep::emulated {
namespace {

using simt::Order;
using simt::Settings;
using simt::SettingsScope;

__global__ void sums_of_rows(const int* in, int* out, int* visits) {
  LOCKSTEP_SHARED(int, partial, [2]);
  int sum = in[blockIdx.x * blockDim.x + threadIdx.x];
  for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_down_sync(0xffffffffu, sum, offset);
  if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x == 0) out[blockIdx.x] = partial[0] + partial[1];
  atomicAdd(visits, 1);
}

TEST(Grid, OsThreadsShareTheBlocks) {
  constexpr int kBlocks = 200;
  std::vector<int> in(kBlocks * 64);
  std::iota(in.begin(), in.end(), 0);
  for (const Order order : {Order::forward, Order::reverse, Order::random})
    for (int os_threads : {1, 2, 3, 7}) {
      const SettingsScope scope({.order = order, .seed = 9, .os_threads = os_threads});
      std::vector<int> out(kBlocks);
      int visits = 0;
      launch(sums_of_rows, {kBlocks, 64}, nullptr, in.data(), out.data(), &visits);
      EXPECT_EQ(visits, kBlocks * 64);
      for (int block = 0; block < kBlocks; ++block)
        ASSERT_EQ(out[static_cast<std::size_t>(block)], 64 * 64 * block + 63 * 32);
    }
}

__global__ void record_block(int* next, int* sequence) {
  if (threadIdx.x == 0) sequence[(*next)++] = static_cast<int>(blockIdx.x);
}

std::vector<int> sequence_of(const Settings& settings, int blocks) {
  const SettingsScope scope(settings);
  int next = 0;
  std::vector<int> sequence(static_cast<std::size_t>(blocks), -1);
  launch(record_block, {blocks, 4}, nullptr, &next, sequence.data());
  return sequence;
}

TEST(Grid, BlocksRunInTheOrderOfTheSettings) {
  for (int blocks : {1, 2, 3, 24, 97}) {
    std::vector<int> ascending(static_cast<std::size_t>(blocks));
    std::iota(ascending.begin(), ascending.end(), 0);
    EXPECT_EQ(sequence_of({.order = Order::forward}, blocks), ascending);
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      std::vector<int> random = sequence_of({.order = Order::random, .seed = seed}, blocks);
      std::sort(random.begin(), random.end());
      EXPECT_EQ(random, ascending);
    }
    std::reverse(ascending.begin(), ascending.end());
    EXPECT_EQ(sequence_of({.order = Order::reverse}, blocks), ascending);
  }
  EXPECT_NE(sequence_of({.order = Order::random, .seed = 1}, 97), sequence_of({.order = Order::random, .seed = 2}, 97));
}

__global__ void trap_in_late_blocks(unsigned first) {
  if (blockIdx.x >= first && threadIdx.x == 3) __trap();
}

TEST(Grid, TheFirstFaultIsReportedWhicheverOsThreadMeetsIt) {
  for (int os_threads : {1, 2, 5})
    for (int repetition = 0; repetition < 20; ++repetition) {
      const SettingsScope scope({.os_threads = os_threads});
      try {
        launch(trap_in_late_blocks, {500, 32}, nullptr, 41u);
        FAIL() << "nothing was reported";
      } catch (const simt::KernelFault& fault) {
        EXPECT_NE(std::string(fault.what()).find("block (41,0,0)"), std::string::npos) << fault.what();
      }
      launch(trap_in_late_blocks, {500, 32}, nullptr, 500u);
    }
}

}  // namespace
}  // namespace lockstep::emulated
