// SPDX-License-Identifier: Apache-2.0
// Whole kernels as operators have them, right and with one line missing: what the check mode says of each.
#include <gtest/gtest.h>

#include "harness/simt/check/testing/checked_launch.hpp"

namespace lockstep::emulated {
namespace {

using simt::FaultKind;
using testing::at_line;
using testing::expect_found;
using testing::expect_silent;
using testing::GlobalTensor;

constexpr char kFile[] = "harness/simt/check/seeded_kernels_test.cpp";

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
    EXPECT_CONTAINS(found, at_line(kFile, kPartialWrite));
    EXPECT_CONTAINS(found, at_line(kFile, kPartialRead));
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
  EXPECT_CONTAINS(found,
                  at_line(kFile, kTileWrite) + ": writes " + std::to_string(sizeof(Element)) + " bytes of shared");
  EXPECT_CONTAINS(found, "read at " + at_line(kFile, kTileRead));
  EXPECT_CONTAINS(found, "'a_tile'");
}

TEST(SeededKernels, MatrixProduct) { expect_trailing_barrier_is_missed<float>(); }

TEST(SeededKernels, MatrixProductOfHalves) { expect_trailing_barrier_is_missed<__half>(); }

TEST(SeededKernels, MatrixProductOfBytes) { expect_trailing_barrier_is_missed<signed char>(); }

/// The emulator's own faults are found as ever, and what the check mode saw before stands behind them.
__global__ void race_then_trap(int* out) {
  out[0] = static_cast<int>(threadIdx.x);
  __syncthreads();
  if (threadIdx.x == 7) __trap();
}

TEST(SeededKernels, AFaultBringsItsFindings) {
  const GlobalTensor<int> out("out", 1);
  const testing::Outcome outcome = testing::outcome_of({}, race_then_trap, {1, 32}, out.data());
  EXPECT_EQ(outcome.kind, FaultKind::trap);
  EXPECT_CONTAINS(outcome.message, "trap in block (0,0,0), thread (7,0,0)");
  EXPECT_CONTAINS(outcome.message, " | race in block");
}

__global__ void step(int* counter) { atomicAdd(counter, 1); }

TEST(SeededKernels, NothingIsLeftOfALaunchThatFailed) {
  const GlobalTensor<int> out("out", 1);
  EXPECT_NE(testing::outcome_of({}, race_then_trap, {1, 32}, out.data()).message, "");
  expect_silent(step, {4, 64}, out.data());
}

}  // namespace
}  // namespace lockstep::emulated
