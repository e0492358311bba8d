// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/simt/partial_async_copy.hpp"
#include "kernels/shared/scalar.cuh"

// Tiles of a matrix product on the matrix units (mma.sync), for every transposition.
// Idea: C[m, n] = sum over k of A[m, k] B[k, n]; a block walks k in slices of 64 bytes, which asynchronous copies of 16
// bytes bring into a ring of stages in shared memory as they lie in memory: three slices are on their way while one is
// multiplied, and no number passes through registers on its way in. ldmatrix makes the units' fragments of either
// orientation. f32 is rounded to tf32 on its way into the units.
// Layout: a warp owns 64 x 32 (or 32 x 32) of C in registers, warps side by side in the block's tile.
// Fast because: one barrier per slice; the chunks of 16 bytes of a row are permuted by its number, so that the eight
// rows of a matrix that ldmatrix reads, and the rows that a copy writes, lie in different banks; a fragment serves as
// many instructions as the warp's tile has rows or columns of them. Edges are zeros made by the copies themselves.
namespace lockstep::LOCKSTEP_BACKEND {

/// kTileM x kTileN of C for a block of kWarpsM x kWarpsN warps.
template <int kTileM_, int kTileN_, int kWarpsM_, int kWarpsN_>
struct MatrixUnitTile {
  static constexpr int kTileM = kTileM_, kTileN = kTileN_, kWarpsN = kWarpsN_, kStages = 4;
  static constexpr int kThreads = 32 * kWarpsM_ * kWarpsN_;
  static constexpr int kWarpM = kTileM / kWarpsM_, kWarpN = kTileN / kWarpsN_;
  static constexpr int kSliceBytes = 64;  // along k
  static constexpr int kStageBytes = (kTileM + kTileN) * kSliceBytes, kSharedBytes = kStages * kStageBytes;
  /// Instructions of 16 x 8 that cover a warp's tile.
  static constexpr int kTilesM = kWarpM / 16, kTilesN = kWarpN / 8;
  static_assert(kWarpM % 16 == 0 && kTilesN == 4);

  /// Elements of k in a slice.
  template <class Scalar>
  static constexpr int kTileK = kSliceBytes / static_cast<int>(sizeof(Scalar));

  static __device__ __forceinline__ int warp() { return static_cast<int>(threadIdx.x) / 32; }
  static __device__ __forceinline__ int lane() { return static_cast<int>(threadIdx.x) % 32; }
  /// First row and column of the tile that the warp owns.
  static __device__ __forceinline__ int warp_m() { return warp() / kWarpsN * kWarpM; }
  static __device__ __forceinline__ int warp_n() { return warp() % kWarpsN * kWarpN; }
};
using WideUnitTile = MatrixUnitTile<128, 128, 2, 4>;
using NarrowUnitTile = MatrixUnitTile<64, 64, 2, 2>;

/// A slice of one operand in shared memory, in rows as memory has them: along k (one for each line of the tile), or along
/// the tile's own axis (one for each k).
template <class Scalar, int kTile, bool kAlongK>
struct SharedSlice {
  static constexpr int kBytes = kTile * 64;
  static constexpr int kRows = kAlongK ? kTile : 64 / static_cast<int>(sizeof(Scalar));
  static constexpr int kChunks = kBytes / 16 / kRows;  // of 16 bytes, in a row

  /// Where a chunk lies, in bytes.
  static __device__ __forceinline__ int offset(int row, int chunk) {
    int turn = row / 2 % 4;  // rows of 4 chunks: two of them fill the banks
    if constexpr (!kAlongK) turn = sizeof(Scalar) == 2 ? row % 8 : row % 4 * 2;
    return (row * kChunks + (chunk ^ turn)) * 16;
  }
};

namespace fragment_detail {

/// A number of f32 for the units, from rows along the tile's own axis.
template <class Slice>
__device__ __forceinline__ unsigned tf32_at(const unsigned char* slice, int k, int line) {
  return round_to_tf32(*reinterpret_cast<const float*>(slice + Slice::offset(k, line / 4) + line % 4 * 4));
}

__device__ __forceinline__ void round_words(unsigned (&words)[4]) {
#pragma unroll
  for (int i = 0; i < 4; ++i) words[i] = round_to_tf32(__uint_as_float(words[i]));
}

}  // namespace fragment_detail

/// The fragment of A for the lines `line` to line + 15 and the `step`-th 32 bytes of k.
template <class Scalar, int kTile, bool kAlongK>
__device__ __forceinline__ void read_fragment_a(unsigned (&words)[4], const unsigned char* slice, int line, int step) {
  using Slice = SharedSlice<Scalar, kTile, kAlongK>;
  const int lane = static_cast<int>(threadIdx.x) % 32;
  if constexpr (kAlongK) {
    load_four_matrices(words, slice + Slice::offset(line + lane % 16, step * 2 + lane / 16));
    if constexpr (sizeof(Scalar) == 4) fragment_detail::round_words(words);
  } else if constexpr (sizeof(Scalar) == 2) {
    load_four_matrices_transposed(words,
                                  slice + Slice::offset(step * 16 + lane / 16 * 8 + lane % 8, line / 8 + lane / 8 % 2));
  } else {
#pragma unroll
    for (int i = 0; i < 4; ++i)
      words[i] = fragment_detail::tf32_at<Slice>(slice, step * 8 + lane % 4 + i / 2 * 4, line + lane / 4 + i % 2 * 8);
  }
}

/// The fragments of B for twice 8 lines from `line` on: words 0 and 1, 2 and 3.
template <class Scalar, int kTile, bool kAlongK>
__device__ __forceinline__ void read_fragments_b(unsigned (&words)[4], const unsigned char* slice, int line, int step) {
  using Slice = SharedSlice<Scalar, kTile, kAlongK>;
  const int lane = static_cast<int>(threadIdx.x) % 32;
  if constexpr (kAlongK) {
    load_four_matrices(words, slice + Slice::offset(line + lane / 16 * 8 + lane % 8, step * 2 + lane / 8 % 2));
    if constexpr (sizeof(Scalar) == 4) fragment_detail::round_words(words);
  } else if constexpr (sizeof(Scalar) == 2) {
    load_four_matrices_transposed(words, slice + Slice::offset(step * 16 + lane % 16, line / 8 + lane / 16));
  } else {
#pragma unroll
    for (int i = 0; i < 4; ++i)
      words[i] = fragment_detail::tf32_at<Slice>(slice, step * 8 + lane % 4 + i % 2 * 4, line + lane / 4 + i / 2 * 8);
  }
}

/// What a thread holds of the block's tile of C.
template <class Tile>
using UnitSums = float[Tile::kTilesM][Tile::kTilesN][4];

/// Adds the products of one slice.
template <class Tile, class Scalar, bool kAAlongK, bool kBAlongK>
__device__ __forceinline__ void multiply_slice(const unsigned char* slice_a, const unsigned char* slice_b,
                                               UnitSums<Tile>& sums) {
#pragma unroll
  for (int step = 0; step < 2; ++step) {
    unsigned a[Tile::kTilesM][4], b[Tile::kTilesN / 2][4];
#pragma unroll
    for (int i = 0; i < Tile::kTilesM; ++i)
      read_fragment_a<Scalar, Tile::kTileM, kAAlongK>(a[i], slice_a, Tile::warp_m() + i * 16, step);
#pragma unroll
    for (int j = 0; j < Tile::kTilesN / 2; ++j)
      read_fragments_b<Scalar, Tile::kTileN, kBAlongK>(b[j], slice_b, Tile::warp_n() + j * 16, step);
#pragma unroll
    for (int i = 0; i < Tile::kTilesM; ++i)
#pragma unroll
      for (int j = 0; j < Tile::kTilesN; ++j) {
        const unsigned words_b[2] = {b[j / 2][j % 2 * 2], b[j / 2][j % 2 * 2 + 1]};
        if constexpr (sizeof(Scalar) == 4) {
          multiply_m16n8k8_tf32(sums[i][j], a[i], words_b);
        } else {
          multiply_m16n8k16<Scalar>(sums[i][j], a[i], words_b);
        }
      }
  }
}

/// Adds the products of `slices` slices. A loader's start(slice) starts the copies of the next slice of its operand.
/// `stages`: Tile::kSharedBytes of shared memory.
template <class Tile, class Scalar, bool kAAlongK, bool kBAlongK, class LoaderA, class LoaderB>
__device__ __forceinline__ void multiply_stages(LoaderA& loader_a, LoaderB& loader_b, int slices, unsigned char* stages,
                                                UnitSums<Tile>& sums) {
  constexpr int kBehindA = Tile::kTileM * Tile::kSliceBytes;
  const auto stage_of = [&](int slice) { return stages + slice % Tile::kStages * Tile::kStageBytes; };
  const auto start = [&](int slice) {
    if (slice < slices) {
      loader_a.start(stage_of(slice));
      loader_b.start(stage_of(slice) + kBehindA);
    }
    __pipeline_commit();  // empty groups too, so that the number of groups tells the slice
  };
#pragma unroll
  for (int slice = 0; slice < Tile::kStages - 1; ++slice) start(slice);
  for (int slice = 0; slice < slices; ++slice) {
    __pipeline_wait_prior(Tile::kStages - 2);
    __syncthreads();
    start(slice + Tile::kStages - 1);  // into the stage that everybody left before the barrier
    multiply_slice<Tile, Scalar, kAAlongK, kBAlongK>(stage_of(slice), stage_of(slice) + kBehindA, sums);
  }
}

/// Calls write(row, column, values) with runs of 8 neighbours of a row of the block's tile. The four lanes that hold a
/// row in pairs exchange them first, so that each writes a run.
template <class Tile, class Write>
__device__ __forceinline__ void write_unit_sums(const UnitSums<Tile>& sums, Write write) {
  const int lane = Tile::lane(), in_group = lane % 4;
#pragma unroll
  for (int i = 0; i < Tile::kTilesM; ++i)
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float pairs[4][2];
#pragma unroll
      for (int j = 0; j < 4; ++j)
#pragma unroll
        for (int e = 0; e < 2; ++e) pairs[j][e] = sums[i][j][half * 2 + e];
          // A transposition of 4 x 4 pairs: pair j of lane i becomes pair i of lane j.
#pragma unroll
      for (int bit = 1; bit < 4; bit *= 2)
#pragma unroll
        for (int j = 0; j < 4; ++j) {
          if (j & bit) continue;
#pragma unroll
          for (int e = 0; e < 2; ++e) {
            const bool upper = (in_group & bit) != 0;
            const float given = upper ? pairs[j][e] : pairs[j | bit][e];
            const float taken = __shfl_xor_sync(0xffffffffu, given, bit);
            pairs[j][e] = upper ? taken : pairs[j][e];
            pairs[j | bit][e] = upper ? pairs[j | bit][e] : taken;
          }
        }
      float values[8];
#pragma unroll
      for (int e = 0; e < 8; ++e) values[e] = pairs[e / 2][e % 2];
      write(Tile::warp_m() + i * 16 + half * 8 + lane / 4, Tile::warp_n() + in_group * 8, values);
    }
}

}  // namespace lockstep::LOCKSTEP_BACKEND
