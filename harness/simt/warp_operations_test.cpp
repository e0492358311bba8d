// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/warp_operations.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <vector>

#include "harness/simt/port.cuh"
#include "harness/simt/settings.hpp"

namespace lockstep::emulated {
namespace {

using simt::every_order;
using simt::Settings;
using simt::SettingsScope;

/// out[lane] for each of the four shuffles in turn.
template <class Value>
__global__ void all_shuffles(int operand, int width, Value* out) {
  const unsigned lane = threadIdx.x;
  const auto value = static_cast<Value>(lane + 1);
  out[lane] = __shfl_sync(0xffffffffu, value, operand, width);
  out[32 + lane] = __shfl_up_sync(0xffffffffu, value, static_cast<unsigned>(operand), width);
  out[64 + lane] = __shfl_down_sync(0xffffffffu, value, static_cast<unsigned>(operand), width);
  out[96 + lane] = __shfl_xor_sync(0xffffffffu, value, operand, width);
}

/// The lane that the CUDA programming guide says is read, told in its words and not in the emulator's bit tricks.
int expected_source(int kind, int lane, int operand, int width) {
  const int segment = lane / width, position = lane % width;
  if (kind == 0) return segment * width + operand % width;
  if (kind == 1) return position - operand < 0 ? lane : lane - operand;
  if (kind == 2) return position + operand >= width ? lane : lane + operand;
  const int partner = lane ^ operand;
  return partner / width > segment ? lane : partner;
}

template <class Value>
void check_shuffles() {
  for (const Settings& settings : every_order(1)) {
    SCOPED_TRACE(simt::text(settings));
    const SettingsScope scope(settings);
    for (int width : {1, 2, 4, 8, 16, 32})
      for (int operand = 0; operand < 32; ++operand) {
        std::vector<Value> out(128);
        launch(all_shuffles<Value>, {1, 32}, nullptr, operand, width, out.data());
        for (int kind = 0; kind < 4; ++kind)
          for (int lane = 0; lane < 32; ++lane)
            ASSERT_EQ(out[static_cast<std::size_t>(kind * 32 + lane)],
                      static_cast<Value>(expected_source(kind, lane, operand, width) + 1))
                << "kind " << kind << " lane " << lane << " operand " << operand << " width " << width;
      }
  }
}

TEST(WarpOperations, ShufflesOfEveryWidthAndOperand) {
  check_shuffles<int>();
  check_shuffles<float>();
  check_shuffles<double>();
  check_shuffles<unsigned short>();
}

__global__ void shuffle_structures(float4* quads, __half* halves) {
  const auto x = static_cast<float>(threadIdx.x);
  quads[threadIdx.x] = __shfl_xor_sync(0xffffffffu, make_float4(x, x + 100, x + 200, x + 300), 5);
  halves[threadIdx.x] = __shfl_up_sync(0xffffffffu, __float2half(x), 1);
}

TEST(WarpOperations, ShufflesCarryUpToSixteenBytes) {
  std::vector<float4> quads(32);
  std::vector<__half> halves(32);
  launch(shuffle_structures, {1, 32}, nullptr, quads.data(), halves.data());
  for (int lane = 0; lane < 32; ++lane) {
    const auto i = static_cast<std::size_t>(lane);
    EXPECT_EQ(quads[i].x, static_cast<float>(lane ^ 5));
    EXPECT_EQ(quads[i].w, static_cast<float>(lane ^ 5) + 300);
    EXPECT_EQ(static_cast<float>(halves[i]), static_cast<float>(lane == 0 ? 0 : lane - 1));
  }
}

__global__ void butterfly_sum(const float* in, float* out) {
  float sum = in[blockIdx.x * blockDim.x + threadIdx.x];
  for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, offset);
  out[blockIdx.x * blockDim.x + threadIdx.x] = sum;
}

TEST(WarpOperations, ConsecutiveShufflesDoNotMix) {
  std::vector<float> in(4 * 256), out(in.size());
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i % 97);
  for (const Settings& settings : every_order(8)) {
    SCOPED_TRACE(simt::text(settings));
    const SettingsScope scope(settings);
    launch(butterfly_sum, {4, 256}, nullptr, in.data(), out.data());
    for (std::size_t warp = 0; warp < in.size(); warp += 32) {
      float sum = 0;
      for (std::size_t lane = 0; lane < 32; ++lane) sum += in[warp + lane];
      for (std::size_t lane = 0; lane < 32; ++lane) ASSERT_EQ(out[warp + lane], sum);
    }
  }
}

/// Disjoint masks of different sizes proceed at their own pace.
__global__ void groups_apart(int* out) {
  const unsigned lane = threadIdx.x;
  const unsigned mask = lane < 4 ? 0x0000000fu : lane < 16 ? 0x0000fff0u : 0xffff0000u;
  const int rounds = lane < 4 ? 7 : lane < 16 ? 3 : 1;
  int sum = 0;
  for (int round = 0; round < rounds; ++round) sum += static_cast<int>(__reduce_add_sync(mask, lane));
  out[lane] = sum;
}

TEST(WarpOperations, DisjointMasksAreIndependent) {
  for (const Settings& settings : every_order(8)) {
    SCOPED_TRACE(simt::text(settings));
    const SettingsScope scope(settings);
    std::vector<int> out(32);
    launch(groups_apart, {1, 32}, nullptr, out.data());
    for (int lane = 0; lane < 32; ++lane)
      EXPECT_EQ(out[static_cast<std::size_t>(lane)], lane < 4 ? 7 * 6 : lane < 16 ? 3 * 114 : 376);
  }
}

__global__ void votes(unsigned* out) {
  const unsigned lane = threadIdx.x, mask = 0x00ffffffu;
  if (lane >= 24) return;
  out[lane * 8 + 0] = __ballot_sync(mask, lane % 3 == 0);
  out[lane * 8 + 1] = static_cast<unsigned>(__any_sync(mask, lane == 23));
  out[lane * 8 + 2] = static_cast<unsigned>(__any_sync(mask, lane > 30));
  out[lane * 8 + 3] = static_cast<unsigned>(__all_sync(mask, lane < 24));
  out[lane * 8 + 4] = static_cast<unsigned>(__all_sync(mask, lane != 4));
  out[lane * 8 + 5] = __match_any_sync(mask, lane % 4);
  int equal = 7;
  out[lane * 8 + 6] = __match_all_sync(mask, 5ull, &equal) + static_cast<unsigned>(equal);
  out[lane * 8 + 7] = __activemask();
}

TEST(WarpOperations, Votes) {
  for (const Settings& settings : every_order()) {
    SCOPED_TRACE(simt::text(settings));
    const SettingsScope scope(settings);
    std::vector<unsigned> out(32 * 8);
    // The lanes that take no part exit first or last, as the order has it: the mask does not name them.
    launch(votes, {1, 32}, nullptr, out.data());
    for (unsigned lane = 0; lane < 24; ++lane) {
      const unsigned* row = &out[lane * 8];
      EXPECT_EQ(row[0], 0x00249249u);
      EXPECT_EQ(row[1], 1u);
      EXPECT_EQ(row[2], 0u);
      EXPECT_EQ(row[3], 1u);
      EXPECT_EQ(row[4], 0u);
      EXPECT_EQ(row[5], 0x00111111u << (lane % 4));
      EXPECT_EQ(row[6], 0x00ffffffu + 1u);
      EXPECT_NE(row[7] & (1u << lane), 0u);
    }
  }
}

__global__ void reductions(int* out) {
  const int value = static_cast<int>(threadIdx.x) - 20;
  const auto bits = 1u << threadIdx.x;
  out[0] = __reduce_add_sync(0xffffffffu, value);
  out[1] = __reduce_min_sync(0xffffffffu, value);
  out[2] = __reduce_max_sync(0xffffffffu, value);
  out[3] = static_cast<int>(__reduce_max_sync(0xffffffffu, static_cast<unsigned>(value)));
  out[4] = static_cast<int>(__reduce_and_sync(0xffffffffu, ~bits));
  out[5] = static_cast<int>(__reduce_or_sync(0xffffffffu, bits));
  out[6] = static_cast<int>(__reduce_xor_sync(0xffffffffu, bits | 1u));
  out[7] = __reduce_add_sync(0xffffffffu, 0x7fffffff);  // wraps, as the device does
}

TEST(WarpOperations, Reductions) {
  std::vector<int> out(8);
  launch(reductions, {1, 32}, nullptr, out.data());
  EXPECT_EQ(out, (std::vector<int>{-144, -20, 11, -1, 0, -1, -1 ^ 1 ^ 1 ^ 1, -32}));
}

/// Lane i writes, lane i+1 reads: the __syncwarp between them is what makes it right in every order.
__global__ void exchange_through_shared(int* out) {
  LOCKSTEP_SHARED(int, values, [64]);
  values[threadIdx.x] = static_cast<int>(threadIdx.x);
  __syncwarp();
  out[threadIdx.x] = values[threadIdx.x / 32 * 32 + (threadIdx.x + 1) % 32];
}

TEST(WarpOperations, SyncwarpOrdersLanes) {
  for (const Settings& settings : every_order()) {
    SCOPED_TRACE(simt::text(settings));
    const SettingsScope scope(settings);
    std::vector<int> out(64);
    launch(exchange_through_shared, {1, 64}, nullptr, out.data());
    for (int i = 0; i < 64; ++i) EXPECT_EQ(out[static_cast<std::size_t>(i)], i / 32 * 32 + (i + 1) % 32);
  }
}

}  // namespace
}  // namespace lockstep::emulated
