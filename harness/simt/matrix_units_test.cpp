// SPDX-License-Identifier: Apache-2.0
// The lane layouts are those of the PTX manual, written here as its text has them (group = lane / 4, in_group = lane %
// 4), the other way round from the emulator, which asks for the lane of an element.
#include "harness/simt/matrix_units.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "harness/simt/port.cuh"
#include "harness/simt/settings.hpp"

namespace lockstep::emulated {
namespace {

template <class Element>
__device__ unsigned pack(Element low, Element high) {
  return static_cast<unsigned>(low.bits()) | static_cast<unsigned>(high.bits()) << 16;
}

/// One warp: d (16 x 8) = a (16 x 16, by rows) b (16 x 8, by rows) + d.
template <class Element>
__global__ void multiply_one_tile(const Element* a, const Element* b, float* d) {
  const unsigned group = threadIdx.x / 4, in_group = threadIdx.x % 4;
  unsigned words_a[4], words_b[2];
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned row = group + i % 2 * 8, column = in_group * 2 + i / 2 * 8;
    words_a[i] = pack(a[row * 16 + column], a[row * 16 + column + 1]);
  }
  for (unsigned i = 0; i < 2; ++i) {
    const unsigned row = in_group * 2 + i * 8;
    words_b[i] = pack(b[row * 8 + group], b[(row + 1) * 8 + group]);
  }
  float sums[4];
  for (unsigned i = 0; i < 4; ++i) sums[i] = d[(group + i / 2 * 8) * 8 + in_group * 2 + i % 2];
  multiply_m16n8k16<Element>(sums, words_a, words_b);
  for (unsigned i = 0; i < 4; ++i) d[(group + i / 2 * 8) * 8 + in_group * 2 + i % 2] = sums[i];
}

__global__ void multiply_one_tile_tf32(const float* a, const float* b, float* d) {
  const unsigned group = threadIdx.x / 4, in_group = threadIdx.x % 4;
  unsigned words_a[4], words_b[2];
  for (unsigned i = 0; i < 4; ++i) words_a[i] = round_to_tf32(a[(group + i % 2 * 8) * 8 + in_group + i / 2 * 4]);
  for (unsigned i = 0; i < 2; ++i) words_b[i] = round_to_tf32(b[(in_group + i * 4) * 8 + group]);
  float sums[4];
  for (unsigned i = 0; i < 4; ++i) sums[i] = d[(group + i / 2 * 8) * 8 + in_group * 2 + i % 2];
  multiply_m16n8k8_tf32(sums, words_a, words_b);
  for (unsigned i = 0; i < 4; ++i) d[(group + i / 2 * 8) * 8 + in_group * 2 + i % 2] = sums[i];
}

float small_number(std::size_t i) { return static_cast<float>(static_cast<int>(i * 7 % 23) - 11) / 8.0f; }

template <class Element>
void check_tile(int depth, void (*kernel)(const Element*, const Element*, float*)) {
  const auto k_count = static_cast<std::size_t>(depth);
  std::vector<Element> a(16 * k_count), b(k_count * 8);
  std::vector<float> start(16 * 8);
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = small_number(i);
  for (std::size_t i = 0; i < b.size(); ++i) b[i] = small_number(3 * i + 5);
  for (std::size_t i = 0; i < start.size(); ++i) start[i] = static_cast<float>(i);
  for (const simt::Settings& settings : simt::every_order()) {
    SCOPED_TRACE(simt::text(settings));
    const simt::SettingsScope scope(settings);
    std::vector<float> d = start;
    launch(kernel, {1, 32}, nullptr, a.data(), b.data(), d.data());
    for (std::size_t row = 0; row < 16; ++row)
      for (std::size_t column = 0; column < 8; ++column) {
        float sum = start[row * 8 + column];  // exact: multiples of 1/64 far below 2^18
        for (std::size_t k = 0; k < k_count; ++k)
          sum += static_cast<float>(a[row * k_count + k]) * static_cast<float>(b[k * 8 + column]);
        ASSERT_EQ(d[row * 8 + column], sum) << row << ", " << column;
      }
  }
}

TEST(MatrixUnits, MultiplyExactNumbersExactly) {
  check_tile<__half>(16, multiply_one_tile<__half>);
  check_tile<__nv_bfloat16>(16, multiply_one_tile<__nv_bfloat16>);
  check_tile<float>(8, multiply_one_tile_tf32);
}

TEST(MatrixUnits, RoundToTf32) {
  EXPECT_EQ(round_to_tf32(1.0f), 0x3f800000u);
  EXPECT_EQ(round_to_tf32(__uint_as_float(0x3f800fffu)), 0x3f800000u);
  EXPECT_EQ(round_to_tf32(__uint_as_float(0x3f801000u)), 0x3f802000u) << "a tie goes away from zero";
  EXPECT_EQ(round_to_tf32(__uint_as_float(0xbf801000u)), 0xbf802000u);
  EXPECT_EQ(round_to_tf32(__uint_as_float(0x7f800000u)), 0x7f800000u);
  EXPECT_EQ(round_to_tf32(__uint_as_float(0x7f7fffffu)), 0x7f800000u);
}

__global__ void load_and_store(bool transposed, unsigned short* out) {
  LOCKSTEP_SHARED(unsigned short, tile, [4][8][8]);
  for (unsigned i = threadIdx.x; i < 256; i += 32) tile[i / 64][i / 8 % 8][i % 8] = static_cast<unsigned short>(i);
  __syncthreads();
  unsigned words[4];
  const unsigned short* row = tile[threadIdx.x / 8][threadIdx.x % 8];
  if (transposed) {
    load_four_matrices_transposed(words, row);
  } else {
    load_four_matrices(words, row);
  }
  for (unsigned matrix = 0; matrix < 4; ++matrix)
    for (unsigned which = 0; which < 2; ++which)
      out[matrix * 64 + threadIdx.x / 4 * 8 + threadIdx.x % 4 * 2 + which] =
          static_cast<unsigned short>(words[matrix] >> (16 * which));
}

TEST(MatrixUnits, LoadFourMatrices) {
  for (bool transposed : {false, true}) {
    std::vector<unsigned short> out(256);
    launch(load_and_store, {1, 32}, nullptr, transposed, out.data());
    for (std::size_t i = 0; i < 256; ++i) {
      const std::size_t matrix = i / 64, row = i / 8 % 8, column = i % 8;
      EXPECT_EQ(out[i], transposed ? matrix * 64 + column * 8 + row : i);
    }
  }
}

}  // namespace
}  // namespace lockstep::emulated
