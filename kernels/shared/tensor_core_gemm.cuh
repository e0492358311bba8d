// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/shared/gemm_launch.cuh"
#include "kernels/shared/tensor_core_tile.cuh"

// The matrix product of tensor_core_tile.cuh over matrices in memory, with the batches, splits and bias of tiled_gemm.cuh.
// Rows of both factors must start on multiples of 16 bytes.
namespace lockstep::LOCKSTEP_BACKEND {

/// Starts the copies of one operand's slices. kAlongK: its rows of storage run along k, else along the tile's own axis.
template <class Scalar, class Tile, int kTile, bool kAlongK>
class ChunkLoader {
  using Slice = SharedSlice<Scalar, kTile, kAlongK>;
  static constexpr int kTileK = Tile::template kTileK<Scalar>;
  static constexpr int kRowsPerPass = Tile::kThreads / Slice::kChunks, kPasses = Slice::kRows / kRowsPerPass;
  static_assert(kPasses >= 1 && kPasses * kRowsPerPass == Slice::kRows);

 public:
  __device__ __forceinline__ ChunkLoader(const GemmOperand<Scalar>& operand, int first_line, int lines, int k_begin,
                                         int k_end) {
    const int row = (kAlongK ? first_line : k_begin) + own_row();
    const int along = (kAlongK ? k_begin : first_line) + own_chunk() * kFullPack<Scalar>;
    base_ = operand.data;
    next_ = operand.data + row * operand.pitch + along;
    pass_distance_ = kRowsPerPass * operand.pitch;
    slice_distance_ = kAlongK ? kTileK : kTileK * operand.pitch;
    rows_left_ = (kAlongK ? lines : k_end) - row;
    along_left_ = (kAlongK ? k_end : lines) - along;
  }

  __device__ __forceinline__ void start(unsigned char* slice) {
    const int in_chunk = min(max(along_left_, 0), kFullPack<Scalar>) * static_cast<int>(sizeof(Scalar));
#pragma unroll
    for (int pass = 0; pass < kPasses; ++pass) {
      const int bytes = rows_left_ > pass * kRowsPerPass ? in_chunk : 0;
      copy_sixteen_bytes_async(slice + Slice::offset(own_row() + pass * kRowsPerPass, own_chunk()),
                               bytes > 0 ? next_ + pass * pass_distance_ : base_, bytes);
    }
    next_ += slice_distance_;
    (kAlongK ? along_left_ : rows_left_) -= kTileK;
  }

 private:
  static __device__ __forceinline__ int own_row() { return static_cast<int>(threadIdx.x) / Slice::kChunks; }
  static __device__ __forceinline__ int own_chunk() { return static_cast<int>(threadIdx.x) % Slice::kChunks; }

  const Scalar *base_, *next_;
  std::int64_t pass_distance_, slice_distance_;
  int rows_left_, along_left_;
};

/// First row and column of the block's tile. Blocks that follow one another share eight rows of tiles, column by column:
/// what they read of both factors stays in the second-level cache.
template <class Tile>
struct UnitTilePlace {
  int m, n;
  __device__ __forceinline__ UnitTilePlace(int rows, int columns) {
    constexpr int kTogether = 8;
    const int tiles_m = (rows + Tile::kTileM - 1) / Tile::kTileM, tiles_n = (columns + Tile::kTileN - 1) / Tile::kTileN;
    const int block = static_cast<int>(blockIdx.x), in_group = block % (kTogether * tiles_n);
    const int first = block / (kTogether * tiles_n) * kTogether, together = min(tiles_m - first, kTogether);
    m = (first + in_group % together) * Tile::kTileM;
    n = in_group / together * Tile::kTileN;
  }
};

/// grid.x: tiles; grid.y: parts (splits of k, copies); grid.z: results of a batch.
template <class Scalar, class Tile, bool kAAlongK, bool kBAlongK>
__global__ void __launch_bounds__(Tile::kThreads, 2) tensor_core_gemm(Gemm<Scalar> g) {
  LOCKSTEP_DYNAMIC_SHARED(unsigned char, stages);
  const UnitTilePlace<Tile> place(g.m, g.n);
  const int part = static_cast<int>(blockIdx.y);
  g.select(blockIdx.z, part);
  const int k_begin = part % g.splits * g.k_per_split, k_end = min(k_begin + g.k_per_split, g.k);
  constexpr int kTileK = Tile::template kTileK<Scalar>;
  const int slices = (k_end - k_begin + kTileK - 1) / kTileK;

  ChunkLoader<Scalar, Tile, Tile::kTileM, kAAlongK> loader_a(g.a, place.m, g.m, k_begin, k_end);
  ChunkLoader<Scalar, Tile, Tile::kTileN, kBAlongK> loader_b(g.b, place.n, g.n, k_begin, k_end);
  UnitSums<Tile> sums = {};
  multiply_stages<Tile, Scalar, kAAlongK, kBAlongK>(loader_a, loader_b, slices, stages, sums);
  write_unit_sums<Tile>(sums, [&](int row, int column, const float(&values)[8]) {
    constexpr int kPack = kFullPack<Scalar>;
#pragma unroll
    for (int first = 0; first < 8; first += kPack)
      write_run<kPack>(g, part, place.m + row, place.n + column + first, values + first);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
