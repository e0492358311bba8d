// SPDX-License-Identifier: Apache-2.0
// Kernels with a race planted, each reported with both lines; beside each the correct kernel, which is silent.
#include "harness/simt/check/checker.hpp"

#include <gtest/gtest.h>

#include "harness/simt/annotations.hpp"
#include "harness/simt/check/testing/checked_launch.hpp"

namespace lockstep::emulated {
namespace {

constexpr int kWriteOwn = __LINE__ + 5, kReadNeighbour = __LINE__ + 7;
template <bool kBarrier>
__global__ void neighbour(float* out) {
  LOCKSTEP_SHARED(float, tile, [64]);
  const unsigned thread = threadIdx.x;
  tile[thread] = static_cast<float>(thread);
  if (kBarrier) __syncthreads();
  out[blockIdx.x * 64 + thread] = tile[(thread + 63) % 64];
}

TEST(Checker, NeighbourReadWithoutBarrier) {
  const GlobalTensor<float> out("out", 192, false);
  const std::string found = expect_found(FaultKind::race, neighbour<false>, {1, 64}, out.data());
  EXPECT_CONTAINS(found, at_line(kWriteOwn));
  EXPECT_CONTAINS(found, at_line(kReadNeighbour));
  EXPECT_CONTAINS(found, "shared array 'tile'");
  EXPECT_CONTAINS(found, "no __syncwarp or barrier");
  EXPECT_CONTAINS(found, "times)");
  expect_silent(neighbour<true>, {3, 64}, out.data());
}

enum class Between { nothing, shuffle, syncwarp };

constexpr int kExchangeWrite = __LINE__ + 6, kExchangeRead = __LINE__ + 9;
template <Between kBetween>
__global__ void exchange(int* out) {
  LOCKSTEP_SHARED(int, slots, [2][32]);
  const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  int zero = 0;
  slots[warp][lane] = static_cast<int>(lane);
  if (kBetween == Between::shuffle) zero = __shfl_xor_sync(0xffffffffu, 0, 1);
  if (kBetween == Between::syncwarp) __syncwarp();
  out[blockIdx.x * 64 + threadIdx.x] = slots[warp][lane ^ 5u] + zero;
}

TEST(Checker, ExchangeWithinAWarpNeedsSyncwarp) {
  const GlobalTensor<int> out("out", 128, false);
  for (const auto kernel : {exchange<Between::nothing>, exchange<Between::shuffle>}) {
    const std::string found = expect_found(FaultKind::race, kernel, {1, 64}, out.data());
    EXPECT_CONTAINS(found, at_line(kExchangeWrite));
    EXPECT_CONTAINS(found, at_line(kExchangeRead));
  }
  expect_silent(exchange<Between::syncwarp>, {2, 64}, out.data());
}

/// Halves of a warp that meet apart: each orders its own lanes and no others.
template <bool kAcross>
__global__ void exchange_in_halves(int* out) {
  LOCKSTEP_SHARED(int, slots, [32]);
  const unsigned lane = threadIdx.x, mask = lane < 16 ? 0x0000ffffu : 0xffff0000u;
  for (int round = 0; round < 3; ++round) {
    slots[lane] = static_cast<int>(lane) + round;
    __syncwarp(mask);
    out[lane] = slots[lane ^ (kAcross ? 16u : 1u)];
    __syncwarp(mask);
  }
}

TEST(Checker, APartialSyncwarpOrdersItsLanesOnly) {
  const GlobalTensor<int> out("out", 32, false);
  expect_found(FaultKind::race, exchange_in_halves<true>, {1, 32}, out.data());
  expect_silent(exchange_in_halves<false>, {1, 32}, out.data());
}

constexpr int kOverwrite = __LINE__ + 9, kReadBefore = __LINE__ + 7;
template <bool kBarrier>
__global__ void reuse(int* out) {
  LOCKSTEP_SHARED(int, slot, [1]);
  if (threadIdx.x == 0) slot[0] = 1;
  __syncthreads();
  int seen = 0;
  seen = slot[0];
  if (kBarrier) __syncthreads();
  if (threadIdx.x == 0) slot[0] = 2;
  __syncthreads();
  out[blockIdx.x * 96 + threadIdx.x] = seen + slot[0];
}

TEST(Checker, OverwritingWhatOthersStillRead) {
  const GlobalTensor<int> out("out", 192, false);
  const std::string found = expect_found(FaultKind::race, reuse<false>, {1, 96}, out.data());
  EXPECT_CONTAINS(found, at_line(kOverwrite));
  EXPECT_CONTAINS(found, at_line(kReadBefore));
  expect_silent(reuse<true>, {2, 96}, out.data());
}

constexpr int kSameWord = __LINE__ + 3;
template <bool kOverlap>
__global__ void write_by_block(int* out) {
  if (threadIdx.x == 0) out[kOverlap ? blockIdx.x / 2 : blockIdx.x] = 1;
}

TEST(Checker, TwoBlocksWriteOneWord) {
  const GlobalTensor<int> out("sums", 4, false);
  const std::string found = expect_found(FaultKind::race, write_by_block<true>, {4, 32}, out.data());
  EXPECT_CONTAINS(found, "block (1,0,0), thread (0,0,0) at " + at_line(kSameWord));
  EXPECT_CONTAINS(found, "block (0,0,0), thread (0,0,0) wrote at " + at_line(kSameWord));
  EXPECT_CONTAINS(found, "'sums' + 0");
  EXPECT_CONTAINS(found, "nothing orders two blocks");
  expect_silent(write_by_block<false>, {4, 32}, out.data());
}

/// Each block reads what the one before it wrote in this launch, or in the one before.
__global__ void read_and_write(const int* in, int* out) { out[blockIdx.x] = in[(blockIdx.x + 1) % gridDim.x] + 1; }

TEST(Checker, LaunchesAreOrdered) {
  const GlobalTensor<int> a("a", 4), b("b", 4);
  expect_silent(read_and_write, {4, 1}, a.data(), b.data());
  expect_silent(read_and_write, {4, 1}, b.data(), a.data());
  expect_found(FaultKind::race, read_and_write, {4, 1}, a.data(), a.data());
}

template <class Element>
__global__ void narrow_neighbours(Element* out) {
  LOCKSTEP_SHARED(Element, tile, [64]);
  tile[threadIdx.x] = static_cast<Element>(1);
  out[threadIdx.x] = tile[threadIdx.x];
  __syncthreads();
  out[threadIdx.x] = tile[63 - threadIdx.x];
  if (threadIdx.x % 2 == 0) reinterpret_cast<short*>(out)[threadIdx.x / 2] = 7;
}

TEST(Checker, NeighboursInOneWordAreNoRace) {
  const GlobalTensor<char> bytes("bytes", 256, false);
  const GlobalTensor<__half> halves("halves", 64, false);
  expect_found(FaultKind::race, narrow_neighbours<char>, {1, 64}, bytes.data());
  expect_found(FaultKind::race, narrow_neighbours<__half>, {1, 64}, halves.data());
}

template <class Element>
__global__ void narrow_alone(Element* out) {
  LOCKSTEP_SHARED(Element, tile, [64]);
  tile[threadIdx.x] = static_cast<Element>(1);
  out[threadIdx.x] = tile[threadIdx.x];
  __syncthreads();
  out[threadIdx.x] = tile[63 - threadIdx.x];
  __syncthreads();
  if (threadIdx.x < 16) reinterpret_cast<int*>(tile)[threadIdx.x] = 0;  // whole words again
  __syncthreads();
  out[threadIdx.x] = tile[threadIdx.x];
}

TEST(Checker, NarrowTypesAreSilent) {
  const GlobalTensor<char> bytes("bytes", 64, false);
  const GlobalTensor<__half> halves("halves", 64, false);
  expect_silent(narrow_alone<char>, {1, 64}, bytes.data());
  expect_silent(narrow_alone<__half>, {1, 64}, halves.data());
}

template <bool kPlain>
__global__ void count(int* total, float* sum) {
  LOCKSTEP_SHARED(int, counter);
  if (threadIdx.x == 0) counter = 0;
  __syncthreads();
  atomicAdd(&counter, 1);
  atomicAdd(sum, 0.5f);
  if (!kPlain) __syncthreads();
  if (threadIdx.x == 0) atomicAdd(total, counter);
}

TEST(Checker, AtomicsConflictWithPlainAccessesOnly) {
  const GlobalTensor<int> total("total", 1);
  const GlobalTensor<float> sum("sum", 1);
  expect_silent(count<false>, {3, 64}, total.data(), sum.data());
  EXPECT_CONTAINS(expect_found(FaultKind::race, count<true>, {3, 64}, total.data(), sum.data()),
                  "changes atomically 4 bytes of shared array 'counter'");
}

enum class Protocol { annotated, silent, too_early };

/// The last block to finish adds the parts of all.
template <Protocol kProtocol>
__global__ void last_block_adds(float* parts, unsigned* finished, float* result) {
  LOCKSTEP_SHARED(bool, is_last);
  if (threadIdx.x == 0) {
    if (kProtocol != Protocol::too_early) parts[blockIdx.x] = 1.0f;
    __threadfence();
    is_last = atomicAdd(finished, 1u) == (kProtocol == Protocol::too_early ? 1u : gridDim.x - 1);
    if (is_last && kProtocol != Protocol::silent) LOCKSTEP_ACQUIRE_FINISHED_BLOCKS();
    if (kProtocol == Protocol::too_early) parts[blockIdx.x] = 1.0f;
  }
  __syncthreads();
  if (!is_last) return;
  if (threadIdx.x == 32) {
    float sum = 0;
    for (unsigned i = 0; i < gridDim.x; ++i) sum += parts[i];
    *result = sum;
  }
  if (threadIdx.x == 0) *finished = 0;
}

TEST(Checker, LastBlockDoneIsAnnotated) {
  const GlobalTensor<float> parts("parts", 5), result("result", 1);
  const GlobalTensor<unsigned> finished("finished", 1);
  expect_silent(last_block_adds<Protocol::annotated>, {5, 64}, parts.data(), finished.data(), result.data());
  EXPECT_EQ(*result.data(), 5.0f);
  expect_found(FaultKind::race, last_block_adds<Protocol::silent>, {5, 64}, parts.data(), finished.data(),
               result.data());
  *finished.data() = 0;
  // Whoever is second takes itself for the last: what later blocks write is not ordered before what it read.
  const std::string found =
      outcome_of({}, last_block_adds<Protocol::too_early>, {5, 64}, parts.data(), finished.data(), result.data())
          .message;
  EXPECT_CONTAINS(found, "race");
}

constexpr int kUnwritten = __LINE__ + 6;
template <bool kAll>
__global__ void read_unwritten(float* out) {
  LOCKSTEP_SHARED(float, tile, [64]);
  if (kAll || threadIdx.x != 40) tile[threadIdx.x] = 1.0f;
  __syncthreads();
  out[blockIdx.x * 64 + threadIdx.x] = tile[threadIdx.x];
}

TEST(Checker, UninitialisedSharedMemory) {
  const GlobalTensor<float> out("out", 128, false);
  const std::string found = expect_found(FaultKind::uninitialised_read, read_unwritten<false>, {1, 64}, out.data());
  EXPECT_CONTAINS(found, "thread (40,0,0) at " + at_line(kUnwritten));
  EXPECT_CONTAINS(found, "shared array 'tile' + 160");
  expect_silent(read_unwritten<true>, {2, 64}, out.data());
}

/// The first block writes, the second reads what lies there from it.
__global__ void read_of_another_block(float* out) {
  LOCKSTEP_SHARED(float, tile, [32]);
  if (blockIdx.x == 0) tile[threadIdx.x] = 1.0f;
  out[blockIdx.x * 32 + threadIdx.x] = tile[threadIdx.x];
}

TEST(Checker, SharedMemoryOfAnotherBlockIsUninitialised) {
  const GlobalTensor<float> out("out", 64, false);
  EXPECT_CONTAINS(expect_found(FaultKind::uninitialised_read, read_of_another_block, {2, 32}, out.data()),
                  "block (1,0,0)");
}

constexpr int kPastShared = __LINE__ + 3;
__global__ void past_shared(int count) {
  LOCKSTEP_SHARED(float, tile, [32]);
  for (int i = 0; i < count; ++i) tile[i] = 0.0f;
}

TEST(Checker, SharedWritePastTheEnd) {
  const std::string found = expect_found(FaultKind::out_of_bounds, past_shared, {1, 1}, 33);
  EXPECT_CONTAINS(found, at_line(kPastShared));
  EXPECT_CONTAINS(found, "shared array 'tile', 0 bytes past its end at 128");
  expect_silent(past_shared, {1, 1}, 32);
}

}  // namespace
}  // namespace lockstep::emulated
