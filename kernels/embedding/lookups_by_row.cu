// SPDX-License-Identifier: Apache-2.0
// Idea: lookups are sorted by the row they read without a general sort: count the lookups of each row, give each row a
// stretch of the list, put every lookup into its row's stretch, then order each stretch. Which stretch a row gets and how
// its lookups arrive depends on the order of atomic additions; the ordered stretches do not, so that sums over them have
// the same bits in every run.
// Layout: a thread per lookup or row; for the ordering a warp per row. Up to 32 lookups rank each other by shuffles; more
// are marked in a bitmap in shared memory, window by window, and read back in ascending order.
#include "kernels/embedding/lookups_by_row.cuh"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kSortThreads = 256;
constexpr int kOrderWarps = 4;
/// Lookups that a warp's bitmap covers at a time.
constexpr int kBitmapWords = 512, kBitmapWindow = kBitmapWords * 32;

__device__ __forceinline__ int global_thread() { return static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); }

__global__ void __launch_bounds__(kSortThreads) clear_counts(LookupsByRow by_row) {
  const int row = global_thread();
  if (row < by_row.rows) by_row.counts[row] = 0;
  if (row == 0) *by_row.reserved = 0;
}

__global__ void __launch_bounds__(kSortThreads)
    count_lookups(LookupsByRow by_row, const std::int64_t* __restrict__ indices) {
  const int lookup = global_thread();
  if (lookup >= by_row.lookups) return;
  const int row = static_cast<int>(indices[lookup]);
  if (row != by_row.padding_row) atomicAdd(by_row.counts + row, 1);
}

/// One addition per warp: its rows' stretches follow one another.
__global__ void __launch_bounds__(kSortThreads) reserve_stretches(LookupsByRow by_row) {
  const int row = global_thread(), lane = static_cast<int>(threadIdx.x) % 32;
  const int count = row < by_row.rows ? by_row.counts[row] : 0;
  int upto = count;  // inclusive prefix sum over the lanes
#pragma unroll
  for (int distance = 1; distance < 32; distance *= 2) {
    const int before = __shfl_up_sync(0xffffffffu, upto, distance);
    if (lane >= distance) upto += before;
  }
  int first = lane == 31 ? atomicAdd(by_row.reserved, upto) : 0;
  first = __shfl_sync(0xffffffffu, first, 31);
  if (row < by_row.rows) by_row.begins[row] = by_row.next[row] = first + upto - count;
}

__global__ void __launch_bounds__(kSortThreads)
    place_lookups(LookupsByRow by_row, const std::int64_t* __restrict__ indices) {
  const int lookup = global_thread();
  if (lookup >= by_row.lookups) return;
  const int row = static_cast<int>(indices[lookup]);
  if (row != by_row.padding_row) by_row.arrived[atomicAdd(by_row.next + row, 1)] = lookup;
}

/// Orders a stretch of at most 32: a lookup's place is the number of smaller ones.
__device__ __forceinline__ void order_short(const int* arrived, int* ordered, int count, int lane) {
  const int own = lane < count ? arrived[lane] : 0;
  int place = 0;
  for (int k = 0; k < count; ++k) place += __shfl_sync(0xffffffffu, own, k) < own ? 1 : 0;
  if (lane < count) ordered[place] = own;
}

__device__ __forceinline__ void order_long(const int* arrived, int* ordered, int count, int lookups, int lane,
                                           unsigned* bitmap) {
  for (int window = 0; window < lookups; window += kBitmapWindow) {
    for (int word = lane; word < kBitmapWords; word += 32) bitmap[word] = 0;
    __syncwarp();
    for (int k = lane; k < count; k += 32) {
      const int within = arrived[k] - window;
      if (within >= 0 && within < kBitmapWindow) atomicOr(bitmap + within / 32, 1u << within % 32);
    }
    __syncwarp();
    for (int group = 0; group < kBitmapWords; group += 32) {
      unsigned word = bitmap[group + lane];
      int upto = __popc(word);
#pragma unroll
      for (int distance = 1; distance < 32; distance *= 2) {
        const int before = __shfl_up_sync(0xffffffffu, upto, distance);
        if (lane >= distance) upto += before;
      }
      int* to = ordered + upto - __popc(word);
      ordered += __shfl_sync(0xffffffffu, upto, 31);
      for (; word != 0; word &= word - 1) *to++ = window + (group + lane) * 32 + __ffs(static_cast<int>(word)) - 1;
    }
    __syncwarp();
  }
}

__global__ void __launch_bounds__(kOrderWarps * 32) order_stretches(LookupsByRow by_row) {
  LOCKSTEP_SHARED(unsigned, bitmaps, [kOrderWarps][kBitmapWords]);
  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  const int row = static_cast<int>(blockIdx.x) * kOrderWarps + warp;
  if (row >= by_row.rows) return;
  const int count = by_row.counts[row];
  if (count == 0) return;
  const int* const arrived = by_row.arrived + by_row.begins[row];
  int* const ordered = by_row.ordered + by_row.begins[row];
  if (count <= 32)
    order_short(arrived, ordered, count, lane);
  else
    order_long(arrived, ordered, count, by_row.lookups, lane, bitmaps[warp]);
}

}  // namespace

void LookupSort::run() const {
  const auto blocks = [](int count, int per_block) { return (std::int64_t{count} + per_block - 1) / per_block; };
  const LaunchShape by_rows{blocks(by_row_.rows, kSortThreads), kSortThreads, 0};
  launch(clear_counts, by_rows, stream_, by_row_);
  if (by_row_.lookups == 0) return;
  const LaunchShape by_lookups{blocks(by_row_.lookups, kSortThreads), kSortThreads, 0};
  launch(count_lookups, by_lookups, stream_, by_row_, indices_);
  launch(reserve_stretches, by_rows, stream_, by_row_);
  launch(place_lookups, by_lookups, stream_, by_row_, indices_);
  const LaunchShape by_warps{blocks(by_row_.rows, kOrderWarps), kOrderWarps * 32, 0};
  launch(order_stretches, by_warps, stream_, by_row_);
}

}  // namespace lockstep::LOCKSTEP_BACKEND
