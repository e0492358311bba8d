// SPDX-License-Identifier: Apache-2.0
// Idea: every row of d_weight adds the gradients of its own lookups, in ascending order (lookups_by_row.cuh sorts them):
// no atomic additions of floats, the same bits in every run, and rows that nobody looked up are written as zeros on the
// way.
// Layout: a block owns 8 rows and a slab of 32 packs of columns. A warp adds a row of up to 32 lookups; a longer one is
// shared out to the 8 warps, whose parts are added in their order.
// Fast because: g_y is read once and d_weight written once, both in packs of 16 bytes; the lookups of 32 gradients are
// loaded at once and handed around by shuffles, so that the gradients' loads do not wait for one another.
#include <algorithm>

#include "kernels/embedding/lookups_by_row.cuh"
#include "kernels/embedding/rows.hpp"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kWarps = 8, kThreads = kWarps * 32;
constexpr int kShortRow = 32;

template <class Scalar>
struct Sums {
  const Scalar* g;
  Scalar* d_weight;
  std::int64_t g_pitch;
  int columns;
  bool divides;
};

/// Adds the gradients of lookups [0, count) of `ordered` at this lane's columns. All lanes of the warp take part; those
/// past the last column load nothing.
template <class Scalar, int kPack>
__device__ __forceinline__ void add_gradients(float (&totals)[kPack], const Sums<Scalar>& s, const int* ordered,
                                              int count, int column, int lane) {
  for (int first = 0; first < count; first += 32) {
    const int own = first + lane < count ? ordered[first + lane] : 0;
    const int terms = min(count - first, 32);
#pragma unroll 4
    for (int k = 0; k < terms; ++k) {
      const std::int64_t lookup = __shfl_sync(0xffffffffu, own, k);
      if (column < s.columns) {
        const auto pack = *reinterpret_cast<const Pack<Scalar, kPack>*>(s.g + lookup * s.g_pitch + column);
#pragma unroll
        for (int c = 0; c < kPack; ++c) totals[c] += to_float(pack.values[c]);
      }
    }
  }
}

template <class Scalar, int kPack>
__device__ __forceinline__ void write_row(const Sums<Scalar>& s, const float (&totals)[kPack], int row, int count,
                                          int column) {
  if (column >= s.columns) return;
  Pack<Scalar, kPack> out;
#pragma unroll
  for (int c = 0; c < kPack; ++c)
    out.values[c] = from_float<Scalar>(s.divides && count > 1 ? totals[c] / static_cast<float>(count) : totals[c]);
  *reinterpret_cast<Pack<Scalar, kPack>*>(s.d_weight + static_cast<std::int64_t>(row) * s.columns + column) = out;
}

template <class Scalar, int kPack>
__global__ void __launch_bounds__(kThreads) sum_lookups(LookupsByRow by_row, Sums<Scalar> s) {
  LOCKSTEP_SHARED(float, parts, [kWarps][32 * kPack]);
  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  const int column = (static_cast<int>(blockIdx.y) * 32 + lane) * kPack;
  const int first_row = static_cast<int>(blockIdx.x) * kWarps, rows = min(kWarps, by_row.rows - first_row);
  if (warp < rows) {
    const int row = first_row + warp, count = by_row.counts[row];
    if (count <= kShortRow) {
      float totals[kPack] = {};
      if (count > 0) add_gradients(totals, s, by_row.ordered + by_row.begins[row], count, column, lane);
      write_row(s, totals, row, count, column);
    }
  }
  for (int r = 0; r < rows; ++r) {  // the same way for all threads of the block
    const int row = first_row + r, count = by_row.counts[row];
    if (count <= kShortRow) continue;
    const int share = (count + kWarps - 1) / kWarps, begin = min(warp * share, count), end = min(begin + share, count);
    float totals[kPack] = {};
    add_gradients(totals, s, by_row.ordered + by_row.begins[row] + begin, end - begin, column, lane);
#pragma unroll
    for (int c = 0; c < kPack; ++c) parts[warp][c * 32 + lane] = totals[c];
    __syncthreads();
    if (warp == 0) {
#pragma unroll
      for (int c = 0; c < kPack; ++c) {
        totals[c] = parts[0][c * 32 + lane];
        for (int w = 1; w < kWarps; ++w) totals[c] += parts[w][c * 32 + lane];
      }
      write_row(s, totals, row, count, column);
    }
    __syncthreads();  // before the next row's parts
  }
}

template <class Scalar, int kPack>
Launch launch_of(const Embedding& op, const Tensors& tensors, Device& device) {
  const LookupSort sort(op, tensors.inputs[1].as<const std::int64_t>(), device);
  const Sums<Scalar> sums{.g = tensors.inputs[0].as<const Scalar>(),
                          .d_weight = tensors.outputs[0].as<Scalar>(),
                          .g_pitch = row_pitch(tensors.inputs[0]),
                          .columns = static_cast<int>(op.embedding_dim),
                          .divides = op.scale_grad_by_freq};
  constexpr std::int64_t kSlab = 32 * kPack;
  const LaunchShape shape{
      LaunchExtent((op.num_embeddings + kWarps - 1) / kWarps, (op.embedding_dim + kSlab - 1) / kSlab), kThreads, 0};
  return [=, stream = device.stream()] {
    sort.run();
    launch(sum_lookups<Scalar, kPack>, shape, stream, sort.by_row(), sums);
  };
}

}  // namespace

Launch embedding_backward_sorted_lookups(const Problem& problem, const Tensors& tensors, Device& device) {
  const Embedding op(problem);
  if (element_count(op.weight_shape) == 0) return [] {};
  return with_scalar(problem.dtype, [&](auto tag) {
    using Scalar = typename decltype(tag)::type;
    const auto takes = [&](int pack) {
      const std::size_t bytes = static_cast<std::size_t>(pack) * sizeof(Scalar);
      return op.embedding_dim % pack == 0 && row_pitch(tensors.inputs[0]) % pack == 0 &&
             tensors.inputs[0].is_aligned(bytes) && tensors.outputs[0].is_aligned(bytes);
    };
    if (takes(kFullPack<Scalar>)) return launch_of<Scalar, kFullPack<Scalar>>(op, tensors, device);
    if (takes(kFullPack<Scalar> / 2)) return launch_of<Scalar, kFullPack<Scalar> / 2>(op, tensors, device);
    return launch_of<Scalar, 1>(op, tensors, device);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
