// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/shared/scalar.cuh"

// Matrix product on the ordinary arithmetic units, for every transposition, shape and storage type.
// Idea: C[m, n] = sum over k of A[m, k] B[k, n]; a block owns a tile of C in registers and walks k in slices that it
// stages in shared memory as float.
// Layout: 256 threads; a warp owns kRows * 4 by kColumns * 8 elements of C, a thread kRows x kColumns of them in
// fragments of 4 neighbours, so that the lanes of a warp read whole 16-byte runs of shared memory without conflicts.
// Fast because: 2 * kRows * kColumns operations per kRows + kColumns numbers read from shared memory; slices are double
// buffered and the next one is on its way from memory in registers while the present one is multiplied: one barrier per
// slice; 16-byte loads where rows allow them. Edges are zeros made on the way into shared memory: no operand is padded.
namespace lockstep::LOCKSTEP_BACKEND {

/// Tile of C that a block owns: kTileM x kTileN, slices of kTileK; kRows x kColumns per thread.
template <int kTileM_, int kTileN_, int kTileK_, int kRows_, int kColumns_>
struct GemmTile {
  static constexpr int kTileM = kTileM_, kTileN = kTileN_, kTileK = kTileK_, kRows = kRows_, kColumns = kColumns_;
  static constexpr int kThreads = (kTileM / kRows) * (kTileN / kColumns);
  static constexpr int kWarpM = kRows * 4, kWarpN = kColumns * 8;
  static_assert(kThreads == 256 && kTileM % kWarpM == 0 && kTileN % kWarpN == 0);
};
using LargeTile = GemmTile<128, 128, 16, 8, 8>;
using SmallTile = GemmTile<64, 64, 32, 4, 4>;

/// A matrix in memory: `lines` rows of storage, `pitch` elements apart.
template <class Scalar>
struct GemmOperand {
  const Scalar* data;
  std::int64_t pitch;
};

/// Several products of one shape. A result is the sum of `copies` products (batches that share a factor meet in its
/// gradient); their factors lie factor_offsets[result][copy][0 and 1] elements behind A and B.
struct GemmBatch {
  const std::int64_t* factor_offsets = nullptr;
  const std::int64_t* result_offsets = nullptr;
  int copies = 1;
};

/// One product, or a batch of them. `bias` (null: none) is added along n. With `partial` the block of part p (a split of k
/// of a copy) writes its sum to partial[result][p][m][n] instead of C.
template <class Scalar>
struct Gemm {
  GemmOperand<Scalar> a, b;
  const Scalar* bias;
  Scalar* c;
  std::int64_t c_pitch;
  float* partial;
  int m, n, k, k_per_split;
  bool packed_output;  // rows of C and bias take packs of as many as a thread writes at once
  int splits = 1;      // of k
  GemmBatch batch;

  __device__ __forceinline__ int parts() const { return splits * batch.copies; }
  /// Moves on to a result of the batch; `part` tells the copy.
  __device__ __forceinline__ void select(std::int64_t result, int part) {
    if (!batch.result_offsets) return;
    const std::int64_t* const factors = batch.factor_offsets + (result * batch.copies + part / splits) * 2;
    a.data += factors[0];
    b.data += factors[1];
    c += batch.result_offsets[result];
    if (partial) partial += result * parts() * static_cast<std::int64_t>(m) * n;
  }
};

/// Moves slices of one operand from memory through registers to shared memory. kAlongK: its rows of storage run along k
/// (the slice is transposed on its way), else along the tile's own axis.
template <class Scalar, int kTile, int kTileK, int kPack, bool kAlongK>
class SliceLoader {
  static constexpr int kThreads = 256;
  static constexpr int kLength = kAlongK ? kTileK : kTile;  // of a row of storage inside the slice
  static constexpr int kPacksPerRow = kLength / kPack, kRowsPerPass = kThreads / kPacksPerRow;
  static constexpr int kPasses = kTile * kTileK / (kThreads * kPack);
  static_assert(kThreads % kPacksPerRow == 0 && kPasses >= 1 && kPasses * kThreads * kPack == kTile * kTileK);
  using PackType = Pack<Scalar, kPack>;

 public:
  /// Distance between rows of k in shared memory: the 4 beyond the tile spread a transposed store over the banks.
  static constexpr int kSharedPitch = kTile + 4;

  __device__ __forceinline__ SliceLoader(const GemmOperand<Scalar>& operand, int first_line, int lines, int k_begin,
                                         int k_end) {
    const int row = (kAlongK ? first_line : k_begin) + own_row(),
              along = (kAlongK ? k_begin : first_line) + own_along();
    next_ = operand.data + row * operand.pitch + along;
    pass_distance_ = kRowsPerPass * operand.pitch;
    slice_distance_ = kAlongK ? kTileK : kTileK * operand.pitch;
    rows_left_ = (kAlongK ? lines : k_end) - row;
    along_left_ = (kAlongK ? k_end : lines) - along;
  }

  /// Starts reading the next slice.
  __device__ __forceinline__ void load() {
#pragma unroll
    for (int pass = 0; pass < kPasses; ++pass) {
      // Packs are wholly inside the matrix or wholly outside.
      if (along_left_ > 0 && rows_left_ > pass * kRowsPerPass) {
        packs_[pass] = *reinterpret_cast<const PackType*>(next_ + pass * pass_distance_);
      } else {
#pragma unroll
        for (int i = 0; i < kPack; ++i) packs_[pass].values[i] = from_float<Scalar>(0.0f);
      }
    }
    next_ += slice_distance_;
    (kAlongK ? along_left_ : rows_left_) -= kTileK;
  }

  __device__ __forceinline__ void store(float* slice) const {
#pragma unroll
    for (int pass = 0; pass < kPasses; ++pass) {
      const int row = own_row() + pass * kRowsPerPass;
#pragma unroll
      for (int i = 0; i < kPack; ++i) {
        const int line = kAlongK ? row : own_along() + i, k = kAlongK ? own_along() + i : row;
        slice[k * kSharedPitch + line] = to_float(packs_[pass].values[i]);
      }
    }
  }

 private:
  /// This thread's first row of storage in the slice, and its place in that row.
  static __device__ __forceinline__ int own_row() { return static_cast<int>(threadIdx.x) / kPacksPerRow; }
  static __device__ __forceinline__ int own_along() { return static_cast<int>(threadIdx.x) % kPacksPerRow * kPack; }

  const Scalar* next_;
  std::int64_t pass_distance_, slice_distance_;
  int rows_left_, along_left_;
  PackType packs_[kPasses];
};

template <int kCount>
__device__ __forceinline__ void read_fragments(float (&values)[kCount], const float* from, int distance) {
#pragma unroll
  for (int f = 0; f < kCount / 4; ++f) {
    const auto four = *reinterpret_cast<const Pack<float, 4>*>(from + f * distance);
#pragma unroll
    for (int i = 0; i < 4; ++i) values[f * 4 + i] = four.values[i];
  }
}

/// kCount neighbours of one row of C, or of a part of it.
template <int kCount, class Scalar>
__device__ __forceinline__ void write_run(const Gemm<Scalar>& g, int part, int row, int column, const float* sums) {
  if (row >= g.m || column >= g.n) return;
  if (g.partial) {
    float* const to = g.partial + (static_cast<std::int64_t>(part) * g.m + row) * g.n + column;
#pragma unroll
    for (int first = 0; first < kCount; first += 4) {
      if (g.n % 4 == 0 && column + first < g.n) {
        *reinterpret_cast<Pack<float, 4>*>(to +
                                           first) = {{sums[first], sums[first + 1], sums[first + 2], sums[first + 3]}};
      } else {
#pragma unroll
        for (int i = first; i < first + 4; ++i)
          if (column + i < g.n) to[i] = sums[i];
      }
    }
    return;
  }
  Scalar* const to = g.c + row * g.c_pitch + column;
  Pack<Scalar, kCount> out;
#pragma unroll
  for (int i = 0; i < kCount; ++i)
    out.values[i] = from_float<Scalar>(g.bias && column + i < g.n ? sums[i] + to_float(g.bias[column + i]) : sums[i]);
  if (g.packed_output) {
    *reinterpret_cast<Pack<Scalar, kCount>*>(to) = out;
  } else {
#pragma unroll
    for (int i = 0; i < kCount; ++i)
      if (column + i < g.n) to[i] = out.values[i];
  }
}

/// First element of a tile that this thread owns; the others lie 16 rows and 32 columns apart, in runs of 4.
template <class Tile>
struct TilePlace {
  int m, n;
  __device__ __forceinline__ TilePlace() {
    const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
    constexpr int kWarpsN = Tile::kTileN / Tile::kWarpN;
    m = warp / kWarpsN * Tile::kWarpM + lane / 8 * 4;
    n = warp % kWarpsN * Tile::kWarpN + lane % 8 * 4;
  }
};

/// Adds the products of `slices` slices to the sums. A loader brings slices of one operand: load() starts reading the
/// next one, store() puts it into shared memory, k by k, kSharedPitch apart.
template <class Tile, class LoaderA, class LoaderB, int kLengthA, int kLengthB>
__device__ __forceinline__ void multiply_slices(LoaderA& loader_a, LoaderB& loader_b, int slices,
                                                float (&slices_a)[2][kLengthA], float (&slices_b)[2][kLengthB],
                                                float (&sums)[Tile::kRows][Tile::kColumns]) {
  constexpr int kPitchA = LoaderA::kSharedPitch, kPitchB = LoaderB::kSharedPitch;
  static_assert(kLengthA == Tile::kTileK * kPitchA && kLengthB == Tile::kTileK * kPitchB);
  const TilePlace<Tile> own;
  if (slices > 0) {
    loader_a.load();
    loader_b.load();
    loader_a.store(slices_a[0]);
    loader_b.store(slices_b[0]);
  }
  __syncthreads();
  for (int slice = 0; slice < slices; ++slice) {
    const bool more = slice + 1 < slices;
    if (more) {
      loader_a.load();
      loader_b.load();
    }
    const float* const from_a = slices_a[slice % 2] + own.m;
    const float* const from_b = slices_b[slice % 2] + own.n;
#pragma unroll
    for (int k = 0; k < Tile::kTileK; ++k) {
      float a[Tile::kRows], b[Tile::kColumns];
      read_fragments(a, from_a + k * kPitchA, 16);
      read_fragments(b, from_b + k * kPitchB, 32);
#pragma unroll
      for (int i = 0; i < Tile::kRows; ++i)
#pragma unroll
        for (int j = 0; j < Tile::kColumns; ++j) sums[i][j] += a[i] * b[j];
    }
    // The other buffer was last read before the previous barrier.
    if (more) {
      loader_a.store(slices_a[(slice + 1) % 2]);
      loader_b.store(slices_b[(slice + 1) % 2]);
    }
    __syncthreads();
  }
}

/// grid.x: tiles, those of one row of tiles following one another, so that they share A in the cache; grid.y: parts
/// (splits of k, copies); grid.z: results of a batch.
template <class Scalar, class Tile, int kPack, bool kAAlongK, bool kBAlongK>
__global__ void __launch_bounds__(256, 2) tiled_gemm(Gemm<Scalar> g) {
  using LoaderA = SliceLoader<Scalar, Tile::kTileM, Tile::kTileK, kPack, kAAlongK>;
  using LoaderB = SliceLoader<Scalar, Tile::kTileN, Tile::kTileK, kPack, kBAlongK>;
  LOCKSTEP_SHARED(float, slices_a, [2][Tile::kTileK * LoaderA::kSharedPitch]);
  LOCKSTEP_SHARED(float, slices_b, [2][Tile::kTileK * LoaderB::kSharedPitch]);

  const int tiles_n = (g.n + Tile::kTileN - 1) / Tile::kTileN;
  const int tile_m = static_cast<int>(blockIdx.x) / tiles_n * Tile::kTileM;
  const int tile_n = static_cast<int>(blockIdx.x) % tiles_n * Tile::kTileN;
  const int part = static_cast<int>(blockIdx.y);
  g.select(blockIdx.z, part);
  const int k_begin = part % g.splits * g.k_per_split, k_end = min(k_begin + g.k_per_split, g.k);
  const int slices = (k_end - k_begin + Tile::kTileK - 1) / Tile::kTileK;

  const TilePlace<Tile> own;
  LoaderA loader_a(g.a, tile_m, g.m, k_begin, k_end);
  LoaderB loader_b(g.b, tile_n, g.n, k_begin, k_end);
  float sums[Tile::kRows][Tile::kColumns] = {};
  multiply_slices<Tile>(loader_a, loader_b, slices, slices_a, slices_b, sums);

#pragma unroll
  for (int i = 0; i < Tile::kRows; ++i)
#pragma unroll
    for (int f = 0; f < Tile::kColumns / 4; ++f)
      write_run<4>(g, part, tile_m + own.m + i / 4 * 16 + i % 4, tile_n + own.n + f * 32, &sums[i][f * 4]);
}

/// Adds the parts in their order, then the bias: the same bits in every run. grid.z: results of a batch.
template <class Scalar>
__global__ void __launch_bounds__(256) combine_splits(Gemm<Scalar> g, int parts) {
  const int column = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (column >= g.n) return;
  g.select(blockIdx.z, 0);
  const std::int64_t count = static_cast<std::int64_t>(g.m) * g.n;
  const float bias = g.bias ? to_float(g.bias[column]) : 0.0f;
  for (int row = static_cast<int>(blockIdx.y); row < g.m; row += static_cast<int>(gridDim.y)) {
    const float* const first = g.partial + static_cast<std::int64_t>(row) * g.n + column;
    float total = first[0];
    for (int part = 1; part < parts; ++part) total += first[part * count];
    g.c[row * g.c_pitch + column] = from_float<Scalar>(g.bias ? total + bias : total);
  }
}

}  // namespace lockstep::LOCKSTEP_BACKEND
