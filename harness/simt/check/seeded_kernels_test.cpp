// SPDX-License-Identifier: Apache-2.0
// Whole kernels as operators have them, right and with one line missing: what the check mode says of each.
#include <gtest/gtest.h>

#include "harness/simt/check/testing/checked_launch.hpp"

namespace lockstep::emulated {
namespace {

enum class Missing { nothing, barrier_after_partials, barrier_before_reuse, trailing_barrier };

__device__ __forceinline__ float sum_of_warp(float value) {
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) value += __shfl_xor_sync(0xffffffffu, value, offset);
  return value;
}

constexpr int kPartialWrite = __LINE__ + 7, kPartialRead = __LINE__ + 9;
template <Missing kMissing>
__device__ __forceinline__ float sum_of_block(float value) {
  LOCKSTEP_SHARED(float, partials, [32]);
  const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  value = sum_of_warp(value);
  if (kMissing != Missing::barrier_before_reuse) __syncthreads();
  if (lane == 0) partials[warp] = value;
  if (kMissing != Missing::barrier_after_partials) __syncthreads();
  return sum_of_warp(lane < blockDim.x / 32 ? partials[lane] : 0.0f);
}

/// One block a row; the columns are divided among its threads.
template <Missing kMissing>
__global__ void normalize_rows(const float* __restrict__ x, float* __restrict__ y, int columns) {
  const float* row = x + static_cast<std::size_t>(blockIdx.x) * static_cast<std::size_t>(columns);
  float* out = y + static_cast<std::size_t>(blockIdx.x) * static_cast<std::size_t>(columns);
  const auto count = static_cast<float>(columns);
  float sum = 0;
  for (int i = static_cast<int>(threadIdx.x); i < columns; i += static_cast<int>(blockDim.x)) sum += row[i];
  const float mean = sum_of_block<kMissing>(sum) / count;
  float squares = 0;
  for (int i = static_cast<int>(threadIdx.x); i < columns; i += static_cast<int>(blockDim.x))
    squares += (row[i] - mean) * (row[i] - mean);
  const float scale = rsqrtf(sum_of_block<kMissing>(squares) / count + 1e-5f);
  for (int i = static_cast<int>(threadIdx.x); i < columns; i += static_cast<int>(blockDim.x))
    out[i] = (row[i] - mean) * scale;
}

TEST(SeededKernels, LayerNorm) {
  const GlobalTensor<float> x("x", 3 * 300), y("y", 3 * 300, false);
  expect_silent(normalize_rows<Missing::nothing>, {3, 128}, x.data(), y.data(), 300);
  for (const auto kernel :
       {normalize_rows<Missing::barrier_after_partials>, normalize_rows<Missing::barrier_before_reuse>}) {
    const std::string found = expect_found(FaultKind::race, kernel, {3, 128}, x.data(), y.data(), 300);
    EXPECT_CONTAINS(found, at_line(kPartialWrite));
    EXPECT_CONTAINS(found, at_line(kPartialRead));
    EXPECT_CONTAINS(found, "shared array 'partials'");
    EXPECT_CONTAINS(found, "no barrier of the block lies between");
  }
}

constexpr int kTile = 16;
constexpr int kTileWrite = __LINE__ + 10, kTileRead = __LINE__ + 13;
/// c = a b, square, in tiles of 16 x 16; `Element` of any width.
template <Missing kMissing, class Element>
__global__ void multiply(const Element* __restrict__ a, const Element* __restrict__ b, Element* __restrict__ c, int n) {
  LOCKSTEP_SHARED(Element, a_tile, [kTile][kTile]);
  LOCKSTEP_SHARED(Element, b_tile, [kTile][kTile]);
  const int row = static_cast<int>(threadIdx.y), column = static_cast<int>(threadIdx.x);
  const int i = static_cast<int>(blockIdx.y) * kTile + row, j = static_cast<int>(blockIdx.x) * kTile + column;
  float sum = 0;
  for (int first = 0; first < n; first += kTile) {
    a_tile[row][column] = a[i * n + first + column];
    b_tile[row][column] = b[(first + row) * n + j];
    __syncthreads();
    for (int k = 0; k < kTile; ++k) sum += static_cast<float>(a_tile[row][k]) * static_cast<float>(b_tile[k][column]);
    if (kMissing != Missing::trailing_barrier) __syncthreads();
  }
  c[i * n + j] = static_cast<Element>(sum);
}

template <class Element>
void expect_trailing_barrier_is_missed() {
  constexpr int kSize = 32;
  const GlobalTensor<Element> a("a", kSize * kSize), b("b", kSize * kSize), c("c", kSize * kSize, false);
  const LaunchShape shape{LaunchExtent(2, 2), LaunchExtent(kTile, kTile)};
  expect_silent(multiply<Missing::nothing, Element>, shape, a.data(), b.data(), c.data(), kSize);
  const std::string found = expect_found(FaultKind::race, multiply<Missing::trailing_barrier, Element>, shape, a.data(),
                                         b.data(), c.data(), kSize);
  EXPECT_CONTAINS(found, at_line(kTileWrite) + ": writes " + std::to_string(sizeof(Element)) + " bytes of shared");
  EXPECT_CONTAINS(found, "read at " + at_line(kTileRead));
  EXPECT_CONTAINS(found, "'a_tile'");
}

TEST(SeededKernels, MatrixProduct) { expect_trailing_barrier_is_missed<float>(); }

TEST(SeededKernels, MatrixProductOfHalves) { expect_trailing_barrier_is_missed<__half>(); }

TEST(SeededKernels, MatrixProductOfBytes) { expect_trailing_barrier_is_missed<signed char>(); }

// What the emulator reports without the check mode has to come through it unchanged, from either compiler.

constexpr int kEarlyBarrier = __LINE__ + 4;
__global__ void different_barriers(int* out) {
  out[threadIdx.x] = 0;
  if (threadIdx.x < 40) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}

TEST(SeededKernels, DifferentBarriersOfOneBlock) {
  const GlobalTensor<int> out("out", 64, false);
  const std::string found = expect_found(FaultKind::divergent_barrier, different_barriers, {1, 64}, out.data());
  EXPECT_CONTAINS(found, at_line(kEarlyBarrier));
  EXPECT_CONTAINS(found, "another barrier");
}

template <int kLimit>
__global__ void barrier_of_some(int* out) {
  if (threadIdx.x < kLimit) __syncthreads();
  out[threadIdx.x] = 0;
}

TEST(SeededKernels, BarrierThatTheOthersExitAheadOf) {
  const GlobalTensor<int> out("out", 64, false);
  EXPECT_CONTAINS(expect_found(FaultKind::divergent_barrier, barrier_of_some<40>, {1, 64}, out.data()),
                  "40 of 64 threads wait here, the other 24 have exited");
  expect_silent(barrier_of_some<64>, {1, 64}, out.data());
}

constexpr int kShuffle = __LINE__ + 3;
template <int kLanes>
__global__ void shuffle_of_some(int* out) {
  if (threadIdx.x < kLanes) out[threadIdx.x] = __shfl_down_sync(0xffffffffu, static_cast<int>(threadIdx.x), 1);
}

TEST(SeededKernels, ShuffleNamesLanesThatAreAbsent) {
  const GlobalTensor<int> out("out", 32, false);
  EXPECT_CONTAINS(expect_found(FaultKind::absent_lane, shuffle_of_some<20>, {1, 32}, out.data()), at_line(kShuffle));
  expect_silent(shuffle_of_some<32>, {1, 32}, out.data());
}

/// Without end where `bottom` is never reached.
__attribute__((noinline)) __device__ int descend(int depth, const volatile int* bottom) {
  volatile int frame[64];
  frame[depth % 64] = depth;
  if (depth == *bottom) return frame[depth % 64];
  return descend(depth + 1, bottom) + frame[depth % 64];
}

__global__ void recurse(const int* bottom, int* out) {
  __syncthreads();
  if (threadIdx.x == 11) out[0] = descend(0, bottom);
}

TEST(SeededKernels, StackOfOneThreadRunsOver) {
  const GlobalTensor<int> out("out", 1, false), bottom("bottom", 1);
  *bottom.data() = -1;
  EXPECT_CONTAINS(expect_found(FaultKind::stack_overflow, recurse, {1, 64}, bottom.data(), out.data()),
                  "thread (11,0,0)");
  *bottom.data() = 20;
  expect_silent(recurse, {1, 64}, bottom.data(), out.data());
}

/// The emulator's own faults are found as ever, and what the check mode saw before stands behind them.
__global__ void race_then_trap(int* out) {
  out[0] = static_cast<int>(threadIdx.x);
  __syncthreads();
  if (threadIdx.x == 7) __trap();
}

TEST(SeededKernels, AFaultBringsItsFindings) {
  const GlobalTensor<int> out("out", 1);
  const Outcome outcome = outcome_of({}, race_then_trap, {1, 32}, out.data());
  EXPECT_EQ(outcome.kind, FaultKind::trap);
  EXPECT_CONTAINS(outcome.message, "trap in block (0,0,0), thread (7,0,0)");
  EXPECT_CONTAINS(outcome.message, " | race in block");
}

__global__ void step(int* counter) { atomicAdd(counter, 1); }

TEST(SeededKernels, NothingIsLeftOfALaunchThatFailed) {
  const GlobalTensor<int> out("out", 1);
  EXPECT_NE(outcome_of({}, race_then_trap, {1, 32}, out.data()).message, "");
  expect_silent(step, {4, 64}, out.data());
}

}  // namespace
}  // namespace lockstep::emulated
