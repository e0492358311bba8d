// SPDX-License-Identifier: Apache-2.0
// Asynchronous copies and the loads of matrix units, which the runtime carries out for the kernel.
#include <gtest/gtest.h>

#include "harness/simt/check/testing/checked_launch.hpp"

namespace lockstep::emulated {
namespace {

enum class Mistake { none, no_wait, waits_too_late, no_barrier, reads_past_end };

constexpr int kCopyLine = __LINE__ + 5, kReadLine = __LINE__ + 9;
template <Mistake kMistake>
__global__ void stage(const float* in, float* out) {
  LOCKSTEP_SHARED(float, buffer, [64 * 4]);
  const unsigned thread = threadIdx.x;
  __pipeline_memcpy_async(&buffer[4 * thread], in + 4 * thread + (kMistake == Mistake::reads_past_end ? 4 : 0), 16);
  __pipeline_commit();
  if (kMistake != Mistake::no_wait && kMistake != Mistake::waits_too_late) __pipeline_wait_prior(0);
  if (kMistake != Mistake::no_barrier) __syncthreads();
  for (unsigned i = 0; i < 4; ++i) out[i * 64 + thread] = buffer[i * 64 + thread];
  if (kMistake == Mistake::waits_too_late) __pipeline_wait_prior(0);
}

TEST(Copies, AreAskedForBeforeTheyArrive) {
  const GlobalTensor<float> in("in", 256), out("out", 256, false);
  expect_silent(stage<Mistake::none>, {1, 64}, in.data(), out.data());
  for (const auto kernel : {stage<Mistake::no_wait>, stage<Mistake::waits_too_late>}) {
    const std::string found = expect_found(FaultKind::missing_wait, kernel, {1, 64}, in.data(), out.data());
    EXPECT_CONTAINS(found, at_line(kReadLine));
    EXPECT_CONTAINS(found, "started to copy to at " + at_line(kCopyLine));
    EXPECT_CONTAINS(found, "shared array 'buffer'");
  }
}

TEST(Copies, AreRacesWithoutABarrier) {
  const GlobalTensor<float> in("in", 256), out("out", 256, false);
  const std::string found = expect_found(FaultKind::race, stage<Mistake::no_barrier>, {1, 64}, in.data(), out.data());
  EXPECT_CONTAINS(found, at_line(kReadLine));
  EXPECT_CONTAINS(found, at_line(kCopyLine));
}

TEST(Copies, ReadWithinBounds) {
  const GlobalTensor<float> in("in", 256), out("out", 256, false);
  EXPECT_CONTAINS(
      expect_found(FaultKind::out_of_bounds, stage<Mistake::reads_past_end>, {1, 64}, in.data(), out.data()),
      "reads 16 bytes of 'in', 0 bytes past its end at 1024");
}

constexpr int kRowLine = __LINE__ + 5;
template <bool kOrdered, bool kTransposed>
__global__ void load_rows(unsigned* out) {
  LOCKSTEP_SHARED(__half, tile, [32][8]);
  const unsigned lane = threadIdx.x;
  for (int i = 0; i < 8; ++i) tile[lane][i] = static_cast<__half>(static_cast<float>(i));
  if (kOrdered) __syncwarp();
  unsigned words[4];
  if constexpr (kTransposed) {
    load_four_matrices_transposed(words, tile[lane]);
  } else {
    load_four_matrices(words, tile[lane]);
  }
  for (unsigned i = 0; i < 4; ++i) out[lane * 4 + i] = words[i];
}
constexpr int kTransposedLine = kRowLine + 4, kLoadLine = kRowLine + 6;

TEST(MatrixLoads, ReadWhatOtherLanesWrote) {
  const GlobalTensor<unsigned> out("out", 128, false);
  expect_silent(load_rows<true, false>, {1, 32}, out.data());
  expect_silent(load_rows<true, true>, {1, 32}, out.data());
  std::string found = expect_found(FaultKind::race, load_rows<false, false>, {1, 32}, out.data());
  EXPECT_CONTAINS(found, at_line(kRowLine));
  EXPECT_CONTAINS(found, at_line(kLoadLine));
  found = expect_found(FaultKind::race, load_rows<false, true>, {1, 32}, out.data());
  EXPECT_CONTAINS(found, at_line(kRowLine));
  EXPECT_CONTAINS(found, at_line(kTransposedLine));
}

}  // namespace
}  // namespace lockstep::emulated
