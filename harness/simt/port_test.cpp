// SPDX-License-Identifier: Apache-2.0
// Whole kernels through the port, right and with a fault planted: what a suite that runs them in every order must see.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "harness/simt/kernel_fault.hpp"
#include "harness/simt/port.cuh"
#include "harness/simt/settings.hpp"

namespace lockstep::emulated {
namespace {

enum class Fault { none, barrier_after_partials, barrier_before_reuse };

__device__ __forceinline__ float sum_of_warp(float value) {
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) value += __shfl_xor_sync(0xffffffffu, value, offset);
  return value;
}

template <Fault kFault>
__device__ __forceinline__ float sum_of_block(float value) {
  LOCKSTEP_SHARED(float, partials, [32]);
  const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  value = sum_of_warp(value);
  if (kFault != Fault::barrier_before_reuse) __syncthreads();
  if (lane == 0) partials[warp] = value;
  if (kFault != Fault::barrier_after_partials) __syncthreads();
  return sum_of_warp(lane < blockDim.x / 32 ? partials[lane] : 0.0f);
}

/// One block a row; `kColumns` are divided among its threads.
template <Fault kFault>
__global__ void normalize_rows(const float* __restrict__ x, float* __restrict__ y, int columns) {
  const float* row = x + static_cast<std::size_t>(blockIdx.x) * static_cast<std::size_t>(columns);
  float* out = y + static_cast<std::size_t>(blockIdx.x) * static_cast<std::size_t>(columns);
  const auto count = static_cast<float>(columns);
  float sum = 0;
  for (int i = static_cast<int>(threadIdx.x); i < columns; i += static_cast<int>(blockDim.x)) sum += row[i];
  const float mean = sum_of_block<kFault>(sum) / count;
  float squares = 0;
  for (int i = static_cast<int>(threadIdx.x); i < columns; i += static_cast<int>(blockDim.x))
    squares += (row[i] - mean) * (row[i] - mean);
  const float scale = rsqrtf(sum_of_block<kFault>(squares) / count + 1e-5f);
  for (int i = static_cast<int>(threadIdx.x); i < columns; i += static_cast<int>(blockDim.x))
    out[i] = (row[i] - mean) * scale;
}

/// How many outputs are off by more than rounding, NaN included.
template <Fault kFault>
int wrong_outputs() {
  constexpr std::size_t kRows = 3, kColumns = 700;
  std::vector<float> x(kRows * kColumns), y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<float>(i * 37 % 101) - 40.0f + static_cast<float>(i / kColumns);
  launch(normalize_rows<kFault>, {kRows, 256}, nullptr, x.data(), y.data(), static_cast<int>(kColumns));
  int wrong = 0;
  for (std::size_t row = 0; row < kRows; ++row) {
    double mean = 0, squares = 0;
    for (std::size_t i = 0; i < kColumns; ++i) mean += x[row * kColumns + i] / double(kColumns);
    for (std::size_t i = 0; i < kColumns; ++i) squares += std::pow(x[row * kColumns + i] - mean, 2) / double(kColumns);
    for (std::size_t i = 0; i < kColumns; ++i) {
      const double expected = (x[row * kColumns + i] - mean) / std::sqrt(squares + 1e-5);
      wrong += !(std::fabs(y[row * kColumns + i] - expected) <= 1e-5);
    }
  }
  return wrong;
}

template <Fault kFault>
int orders_that_show_it() {
  int orders = 0;
  for (const simt::Settings& settings : simt::every_order()) {
    const simt::SettingsScope scope(settings);
    orders += wrong_outputs<kFault>() > 0;
  }
  return orders;
}

TEST(Port, ACorrectReductionIsRightInEveryOrder) { EXPECT_EQ(orders_that_show_it<Fault::none>(), 0); }

TEST(Port, ARemovedBarrierShows) {
  EXPECT_EQ(orders_that_show_it<Fault::barrier_after_partials>(), 5) << "unwritten partials are NaN in every order";
  EXPECT_GE(orders_that_show_it<Fault::barrier_before_reuse>(), 1) << "partials of the first sum are overwritten early";
}

/// Rotates each block's values by one, through shared memory.
template <bool kWithBarrier>
__global__ void rotate(const int* in, int* out) {
  const unsigned thread = threadIdx.x, first = blockIdx.x * blockDim.x;
  if (kWithBarrier) {
    LOCKSTEP_DYNAMIC_SHARED(int, values);
    values[thread] = in[first + thread];
    __syncthreads();
    out[first + thread] = values[(thread + blockDim.x - 1) % blockDim.x];
  } else {
    // In place in global memory: reads what the thread before may have written already, or not.
    out[first + thread] += thread > 0 ? out[first + thread - 1] : 0;
  }
}

TEST(Port, ANeighbourReadWithoutBarrierDependsOnTheOrder) {
  const std::vector<int> in(128, 1);
  std::vector<std::vector<int>> results;
  for (const simt::Settings& settings : simt::every_order(1)) {
    const simt::SettingsScope scope(settings);
    std::vector<int> out(128);
    launch(rotate<true>, {2, 64, 64 * sizeof(int)}, nullptr, in.data(), out.data());
    EXPECT_EQ(out, in);
    out.assign(128, 1);
    launch(rotate<false>, {2, 64}, nullptr, in.data(), out.data());
    results.push_back(out);
  }
  EXPECT_EQ(results[0][63], 64) << "forward: every neighbour has written";
  EXPECT_EQ(results[1][63], 2) << "reverse: none has";
  EXPECT_NE(results[2], results[0]);
  EXPECT_NE(results[2], results[1]);
}

/// c = a b with square tiles of shared memory; the barrier that keeps a fast thread from overwriting a tile can be left
/// out.
template <bool kTrailingBarrier>
__global__ void multiply_tiled(const float* a, const float* b, float* c, int n) {
  LOCKSTEP_SHARED(float, tile_a, [16][16]);
  LOCKSTEP_SHARED(float, tile_b, [16][17]);
  const int x = static_cast<int>(threadIdx.x), y = static_cast<int>(threadIdx.y);
  const int column = static_cast<int>(blockIdx.x) * 16 + x, row = static_cast<int>(blockIdx.y) * 16 + y;
  float sum = 0;
  for (int k = 0; k < n; k += 16) {
    tile_a[y][x] = a[row * n + k + x];
    tile_b[y][x] = b[(k + y) * n + column];
    __syncthreads();
    for (int i = 0; i < 16; ++i) sum += tile_a[y][i] * tile_b[i][x];
    if (kTrailingBarrier) __syncthreads();
  }
  c[row * n + column] = sum;
}

template <bool kTrailingBarrier>
bool multiplies_right() {
  constexpr int kSize = 48;
  std::vector<float> a(kSize * kSize), b(a.size()), c(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<float>(i % 7), b[i] = static_cast<float>(i % 5);
  launch(multiply_tiled<kTrailingBarrier>, {dim3(3, 3), dim3(16, 16)}, nullptr, a.data(), b.data(), c.data(), kSize);
  for (std::size_t row = 0; row < kSize; ++row)
    for (std::size_t column = 0; column < kSize; ++column) {
      float sum = 0;
      for (std::size_t k = 0; k < kSize; ++k) sum += a[row * kSize + k] * b[k * kSize + column];
      if (!(c[row * kSize + column] == sum)) return false;
    }
  return true;
}

TEST(Port, ATileOverwrittenTooEarlyShows) {
  for (const simt::Settings& settings : simt::every_order()) {
    SCOPED_TRACE(simt::text(settings));
    const simt::SettingsScope scope(settings);
    EXPECT_TRUE(multiplies_right<true>());
    EXPECT_FALSE(multiplies_right<false>());
  }
}

}  // namespace
}  // namespace lockstep::emulated
