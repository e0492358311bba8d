// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/block_runner.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "harness/simt/port.cuh"

namespace lockstep::emulated {
namespace {

using simt::every_order;
using simt::Order;
using simt::Settings;
using simt::SettingsScope;

__global__ void write_indices(int* out) {
  const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  const unsigned threads = blockDim.x * blockDim.y * blockDim.z;
  out[block * threads + thread] += static_cast<int>(100 * block + thread);
}

TEST(BlockRunner, RunsEveryThreadOfEveryBlockOnceAlongAllAxes) {
  for (const Settings& settings : every_order()) {
    SCOPED_TRACE(simt::text(settings));
    const SettingsScope scope(settings);
    std::vector<int> out(3 * 2 * 4 * 5 * 3 * 2);
    launch(write_indices, {dim3(3, 2, 4), dim3(5, 3, 2)}, nullptr, out.data());
    for (int block = 0; block < 24; ++block)
      for (int thread = 0; thread < 30; ++thread)
        ASSERT_EQ(out[static_cast<std::size_t>(block * 30 + thread)], 100 * block + thread);
  }
}

TEST(BlockRunner, OneThreadMayBeAllThatAnOsThreadEverRuns) {
  std::vector<int> out(3, 1);
  std::thread([&] { launch(write_indices, {3, 1}, nullptr, out.data()); }).join();
  EXPECT_EQ(out, (std::vector<int>{1, 101, 201}));
}

/// A tree reduction in shared memory: wrong if any barrier lets a thread through early.
__global__ void sum_of_block(const int* in, int* out) {
  LOCKSTEP_SHARED(int, partial, [1024]);
  partial[threadIdx.x] = in[threadIdx.x];
  for (unsigned width = blockDim.x / 2; width > 0; width /= 2) {
    __syncthreads();
    if (threadIdx.x < width) partial[threadIdx.x] += partial[threadIdx.x + width];
  }
  if (threadIdx.x == 0) out[blockIdx.x] = partial[0];
}

TEST(BlockRunner, BarriersHoldEveryThread) {
  std::vector<int> in(1024);
  std::iota(in.begin(), in.end(), 1);
  for (const Settings& settings : every_order(8)) {
    SCOPED_TRACE(simt::text(settings));
    const SettingsScope scope(settings);
    for (int threads : {1, 2, 32, 64, 256, 1024}) {
      std::vector<int> out(3, -1);
      launch(sum_of_block, {3, threads}, nullptr, in.data(), out.data());
      for (int sum : out) EXPECT_EQ(sum, threads * (threads + 1) / 2) << threads << " threads";
    }
  }
}

__global__ void count_predicates(int rounds, int* out) {
  for (int round = 0; round < rounds; ++round) {
    const int below = static_cast<int>(threadIdx.x) < round;
    const int count = __syncthreads_count(below);
    const int all = __syncthreads_and(below);
    const int any = __syncthreads_or(below);
    if (count != min(round, static_cast<int>(blockDim.x)) || all != (round >= static_cast<int>(blockDim.x)) ||
        any != (round > 0))
      out[threadIdx.x] += 1;
  }
}

TEST(BlockRunner, BarriersCountPredicates) {
  for (const Settings& settings : every_order()) {
    SCOPED_TRACE(simt::text(settings));
    const SettingsScope scope(settings);
    std::vector<int> wrong(48);
    launch(count_predicates, {1, 48}, nullptr, 60, wrong.data());
    EXPECT_EQ(wrong, std::vector<int>(48));
  }
}

/// Each thread takes the next number whenever it runs: the schedule, written down.
__global__ void record_schedule(int rounds, int* next, int* schedule) {
  for (int round = 0; round < rounds; ++round) {
    schedule[(*next)++] = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    __syncthreads();
  }
}

std::vector<int> schedule_of(const Settings& settings, int blocks) {
  const SettingsScope scope(settings);
  int next = 0;
  std::vector<int> schedule(static_cast<std::size_t>(blocks * 64 * 2));
  launch(record_schedule, {blocks, 64}, nullptr, 2, &next, schedule.data());
  return schedule;
}

TEST(BlockRunner, OrdersAreWhatTheySay) {
  const std::vector<int> forward = schedule_of({.order = Order::forward}, 1);
  const std::vector<int> reverse = schedule_of({.order = Order::reverse}, 1);
  for (int i = 0; i < 128; ++i) {
    EXPECT_EQ(forward[static_cast<std::size_t>(i)], i % 64);
    EXPECT_EQ(reverse[static_cast<std::size_t>(i)], 63 - i % 64);
  }
}

TEST(BlockRunner, RandomOrderFollowsItsSeedAndDiffersFromBlockToBlock) {
  const auto first = schedule_of({.order = Order::random, .seed = 7}, 2);
  EXPECT_EQ(first, schedule_of({.order = Order::random, .seed = 7}, 2));
  EXPECT_NE(first, schedule_of({.order = Order::random, .seed = 8}, 2));
  std::multiset<int> threads(first.begin(), first.end());
  for (int thread = 0; thread < 128; ++thread) EXPECT_EQ(threads.count(thread), 2u);
  // The same places within the two blocks would mean one order for all blocks.
  std::vector<int> one, other;
  for (std::size_t i = 0; i < 128; ++i) one.push_back(first[i] % 64), other.push_back(first[i + 128] % 64);
  EXPECT_NE(one, other);
}

TEST(BlockRunner, RandomOrderReachesManyOrders) {
  std::set<std::vector<int>> schedules;
  for (std::uint64_t seed = 0; seed < 50; ++seed)
    schedules.insert(schedule_of({.order = Order::random, .seed = seed}, 1));
  EXPECT_EQ(schedules.size(), 50u);
}

__global__ void throw_in_one_thread(int thrower, int* arrived) {
  atomicAdd(arrived, 1);
  __syncthreads();
  if (static_cast<int>(threadIdx.x) == thrower) throw std::out_of_range("from the kernel");
  __syncthreads();
}

TEST(BlockRunner, ExceptionsOfKernelsReachTheLauncherAndTheNextLaunchWorks) {
  for (const Settings& settings : every_order()) {
    SCOPED_TRACE(simt::text(settings));
    const SettingsScope scope(settings);
    int arrived = 0;
    EXPECT_THROW(launch(throw_in_one_thread, {4, 96}, nullptr, 37, &arrived), std::out_of_range);
    EXPECT_EQ(arrived, 96) << "the blocks after the one that failed must not run";
    arrived = 0;
    launch(throw_in_one_thread, {4, 96}, nullptr, -1, &arrived);
    EXPECT_EQ(arrived, 4 * 96);
  }
}

__global__ void catch_its_own(int* caught) {
  try {
    __syncthreads();
    throw static_cast<int>(threadIdx.x);
  } catch (int value) {
    caught[threadIdx.x] = value;
  }
  __syncthreads();
}

TEST(BlockRunner, KernelsMayThrowAndCatchOnTheirOwnStacks) {
  std::vector<int> caught(64, -1), expected(64);
  std::iota(expected.begin(), expected.end(), 0);
  launch(catch_its_own, {1, 64}, nullptr, caught.data());
  EXPECT_EQ(caught, expected);
}

__global__ void launch_another(int* out) { launch(write_indices, {1, 1}, nullptr, out); }

TEST(BlockRunner, LaunchFromAKernelIsRefused) {
  int out = 0;
  EXPECT_THROW(launch(launch_another, {1, 1}, nullptr, &out), Error);
}

struct Parameters {
  int values[40];
};

__global__ void change_parameters(Parameters parameters, int* out) {
  for (int& value : parameters.values) value += 1;
  __syncthreads();
  int sum = 0;
  for (int value : parameters.values) sum += value;
  out[threadIdx.x] = sum;
}

TEST(BlockRunner, EachThreadHasParametersOfItsOwn) {
  std::vector<int> out(32);
  launch(change_parameters, {1, 32}, nullptr, Parameters{}, out.data());
  EXPECT_EQ(out, std::vector<int>(32, 40));
}

/// The vector registers and the loop's state must survive the switches, whatever the compiler keeps where.
__global__ void keep_many_values(double* out) {
  double values[24];
  for (int i = 0; i < 24; ++i) values[i] = threadIdx.x * 100.0 + i;
  for (int round = 0; round < 3; ++round) {
    __syncthreads();
#pragma unroll
    for (int i = 0; i < 24; ++i) values[i] = values[i] * 1.5 + round;
  }
  double sum = 0;
  for (double value : values) sum += value;
  out[threadIdx.x] = sum;
}

TEST(BlockRunner, ValuesSurviveSwitches) {
  std::vector<double> out(256);
  launch(keep_many_values, {1, 256}, nullptr, out.data());
  for (std::size_t thread = 0; thread < out.size(); ++thread) {
    double sum = 0;
    for (int i = 0; i < 24; ++i) {
      double value = static_cast<double>(thread) * 100.0 + i;
      for (int round = 0; round < 3; ++round) value = value * 1.5 + round;
      sum += value;
    }
    ASSERT_EQ(out[thread], sum);
  }
}

}  // namespace
}  // namespace lockstep::emulated
