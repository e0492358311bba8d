// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/atomics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "harness/simt/port.cuh"
#include "harness/simt/settings.hpp"

namespace lockstep::emulated {
namespace {

struct Counters {
  int sum = 0, least = 1000, most = -1000, exchanged = -1, bits_and = -1, bits_or = 0, bits_xor = 0, locked = 0;
  unsigned wrapped = 0, wrapped_down = 0, unsigned_most = 0;
  unsigned long long wide = 0;
  float real = 0;
  double real_double = 0;
  alignas(4) __half narrow = 0.0f;
  __nv_bfloat16 brain = 0.0f;
  alignas(4) __half2 pair{0.0f, 0.0f};
};

__global__ void count(Counters* counters) {
  const int id = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  atomicAdd(&counters->sum, id);
  atomicMin(&counters->least, id - 50);
  atomicMax(&counters->most, id);
  atomicMax(&counters->unsigned_most, static_cast<unsigned>(id));
  atomicExch(&counters->exchanged, 7);
  atomicAnd(&counters->bits_and, ~(1 << (id % 8)));
  atomicOr(&counters->bits_or, 1 << (id % 8));
  atomicXor(&counters->bits_xor, 1 << (id % 3));
  atomicInc(&counters->wrapped, 9);
  atomicDec(&counters->wrapped_down, 9);
  atomicAdd(&counters->wide, 1ull << 33);
  atomicAdd(&counters->real, 0.5f);
  atomicAdd(&counters->real_double, 0.25);
  atomicAdd(&counters->narrow, __float2half(1));
  atomicAdd(&counters->brain, __float2bfloat16(1));
  atomicAdd(&counters->pair, __floats2half2_rn(1, 2));
  // A counter made of compare-and-swap.
  int seen = counters->locked, expected;
  do {
    expected = seen;
    seen = atomicCAS(&counters->locked, expected, expected + 3);
  } while (seen != expected);
}

TEST(Atomics, CountAlsoBetweenOsThreads) {
  constexpr int kBlocks = 40, kThreads = 64, kTotal = kBlocks * kThreads;
  for (int os_threads : {1, 2, 4})
    for (simt::Settings settings : simt::every_order(1)) {
      settings.os_threads = os_threads;
      const simt::SettingsScope scope(settings);
      Counters counters;
      launch(count, {kBlocks, kThreads}, nullptr, &counters);
      EXPECT_EQ(counters.sum, kTotal * (kTotal - 1) / 2);
      EXPECT_EQ(counters.least, -50);
      EXPECT_EQ(counters.most, kTotal - 1);
      EXPECT_EQ(counters.unsigned_most, static_cast<unsigned>(kTotal - 1));
      EXPECT_EQ(counters.exchanged, 7);
      EXPECT_EQ(counters.bits_and, ~0xff);
      EXPECT_EQ(counters.bits_or, 0xff);
      EXPECT_EQ(counters.bits_xor, 2 ^ 4);  // 854, 853 and 853 times
      EXPECT_EQ(counters.wrapped, static_cast<unsigned>(kTotal % 10));
      EXPECT_EQ(counters.wrapped_down, static_cast<unsigned>((10 - kTotal % 10) % 10));
      EXPECT_EQ(counters.wide, (1ull << 33) * kTotal);
      EXPECT_EQ(counters.real, 0.5f * kTotal);
      EXPECT_EQ(counters.real_double, 0.25 * kTotal);
      // Adding 1 stops where it is half a unit and the tie falls to the even neighbour: 2048 in half, 256 in bfloat16.
      EXPECT_EQ(static_cast<float>(counters.narrow), 2048.0f);
      EXPECT_EQ(static_cast<float>(counters.brain), 256.0f);
      EXPECT_EQ(static_cast<float>(counters.pair.x), 2048.0f);
      EXPECT_EQ(static_cast<float>(counters.pair.y), 4096.0f);
      EXPECT_EQ(counters.locked, 3 * kTotal);
    }
}

__global__ void hinted(const float4* in, float4* out) {
  __threadfence();
  __stcs(&out[threadIdx.x], __ldg(&in[threadIdx.x]));
  __stcg(&out[32 + threadIdx.x], __ldcs(&in[threadIdx.x]));
}

TEST(Atomics, HintedLoadsAndStoresMoveTheValue) {
  std::vector<float4> in(32), out(64);
  for (int i = 0; i < 32; ++i) in[static_cast<std::size_t>(i)].z = static_cast<float>(i);
  launch(hinted, {1, 32}, nullptr, in.data(), out.data());
  for (std::size_t i = 0; i < 64; ++i) EXPECT_EQ(out[i].z, static_cast<float>(i % 32));
}

}  // namespace
}  // namespace lockstep::emulated
