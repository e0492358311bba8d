// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/conv2d/channel_chunks.cuh"
#include "kernels/conv2d/implicit_gemm.cuh"
#include "kernels/shared/tensor_core_gemm.cuh"

// The convolution's matrix products on the matrix units: tiles of positions x channels, whose windows asynchronous copies
// find by a table, a tap being a chunk of channels of one element of the kernel. See tensor_core_tile.cuh.
namespace lockstep::LOCKSTEP_BACKEND {

/// Of one operand in rows along k: each thread copies one chunk of a few lines.
template <class Scalar, class Tile, int kTile>
struct ChunkShare {
  using Slice = SharedSlice<Scalar, kTile, true>;
  static constexpr int kRowsPerPass = Tile::kThreads / Slice::kChunks, kPasses = kTile / kRowsPerPass;
  static_assert(kPasses * kRowsPerPass == kTile);
  static __device__ __forceinline__ int line(int pass) {
    return static_cast<int>(threadIdx.x) / Slice::kChunks + pass * kRowsPerPass;
  }
  static __device__ __forceinline__ int chunk() { return static_cast<int>(threadIdx.x) % Slice::kChunks; }
  static __device__ __forceinline__ void copy(unsigned char* slice, int pass, const Scalar* from, bool inside) {
    copy_sixteen_bytes_async(slice + Slice::offset(line(pass), chunk()), from, inside ? 16 : 0);
  }
};

/// Lines are positions, k runs over the channels of taps.
template <class Scalar, class Tile, int kTile>
class WindowChunks {
  using Share = ChunkShare<Scalar, Tile, kTile>;

 public:
  __device__ __forceinline__ WindowChunks(const WindowedImage<Scalar>& image, const Lattice& lattice, const Tap* taps,
                                          int first_line, int k_begin, int k_end)
      : image_(image), taps_(taps), k_(k_begin + Share::chunk() * kFullPack<Scalar>), k_end_(k_end) {
#pragma unroll
    for (int pass = 0; pass < Share::kPasses; ++pass) {
      const int line = first_line + Share::line(pass);
      inside_[pass] = line < lattice.count;
      if (inside_[pass]) windows_[pass] = Window(lattice, image, line);
    }
  }
  __device__ __forceinline__ void start(unsigned char* slice) {
    const bool more = k_ < k_end_;
    const Tap tap = more ? taps_[k_ / kFullPack<Scalar>] : Tap{};
#pragma unroll
    for (int pass = 0; pass < Share::kPasses; ++pass) {
      const bool inside = more && inside_[pass] && windows_[pass].meets(image_, tap);
      Share::copy(slice, pass, inside ? image_.data + windows_[pass].offset + tap.image : image_.data, inside);
    }
    k_ += Tile::template kTileK<Scalar>;
  }

 private:
  WindowedImage<Scalar> image_;
  const Tap* taps_;
  int k_, k_end_;
  Window windows_[Share::kPasses];
  bool inside_[Share::kPasses];
};

/// Lines are channels of the result, k runs over the channels of taps.
template <class Scalar, class Tile, int kTile>
class WeightChunks {
  using Share = ChunkShare<Scalar, Tile, kTile>;

 public:
  __device__ __forceinline__ WeightChunks(const Scalar* weight, int channel_stride, const Tap* taps, int first_line,
                                          int lines, int k_begin, int k_end)
      : weight_(weight),
        taps_(taps),
        channel_stride_(channel_stride),
        first_line_(first_line),
        lines_(lines),
        k_(k_begin + Share::chunk() * kFullPack<Scalar>),
        k_end_(k_end) {}
  __device__ __forceinline__ void start(unsigned char* slice) {
    const bool more = k_ < k_end_;
    const int place = more ? taps_[k_ / kFullPack<Scalar>].weight : 0;
#pragma unroll
    for (int pass = 0; pass < Share::kPasses; ++pass) {
      const int line = first_line_ + Share::line(pass);
      const bool inside = more && line < lines_;
      Share::copy(slice, pass, inside ? weight_ + static_cast<std::int64_t>(line) * channel_stride_ + place : weight_,
                  inside);
    }
    k_ += Tile::template kTileK<Scalar>;
  }

 private:
  const Scalar* weight_;
  const Tap* taps_;
  int channel_stride_, first_line_, lines_, k_, k_end_;
};

/// Lines are channels of taps, in rows of one position each: k runs over the positions.
template <class Scalar, class Tile, int kTile>
class TapChunks {
  using Slice = SharedSlice<Scalar, kTile, false>;
  static constexpr int kRowsPerPass = Tile::kThreads / Slice::kChunks, kPasses = Slice::kRows / kRowsPerPass;
  static_assert(kPasses * kRowsPerPass == Slice::kRows);

 public:
  __device__ __forceinline__ TapChunks(const WindowedImage<Scalar>& image, const Lattice* lattice, const Tap* taps,
                                       int first_line, int lines, int k_begin, int k_end)
      : image_(image), lattice_(lattice), k_(k_begin), k_end_(k_end) {
    const int line = first_line + chunk() * kFullPack<Scalar>;
    inside_ = line < lines;
    if (inside_) tap_ = taps[line / kFullPack<Scalar>];
  }
  __device__ __forceinline__ void start(unsigned char* slice) {
#pragma unroll
    for (int pass = 0; pass < kPasses; ++pass) {
      const int row = static_cast<int>(threadIdx.x) / Slice::kChunks + pass * kRowsPerPass;
      bool inside = inside_ && k_ + row < k_end_;
      const Scalar* from = image_.data;
      if (inside) {
        const Window window(*lattice_, image_, k_ + row);
        inside = window.meets(image_, tap_);
        if (inside) from += window.offset + tap_.image;
      }
      copy_sixteen_bytes_async(slice + Slice::offset(row, chunk()), from, inside ? 16 : 0);
    }
    k_ += Tile::template kTileK<Scalar>;
  }

 private:
  static __device__ __forceinline__ int chunk() { return static_cast<int>(threadIdx.x) % Slice::kChunks; }

  WindowedImage<Scalar> image_;
  const Lattice* lattice_;
  Tap tap_{};
  int k_, k_end_;
  bool inside_;
};

/// grid.x: tiles; grid.y: splits of the taps; grid.z: groups within lattices. `packed_output`: channels of the result are
/// neighbours and take packs.
template <class Scalar, class Tile>
__global__ void __launch_bounds__(Tile::kThreads, 2)
    unit_window_gemm(WindowProduct<Scalar> p, Splitting cut, bool packed_output) {
  LOCKSTEP_DYNAMIC_SHARED(unsigned char, stages);
  constexpr int kPack = kFullPack<Scalar>, kTileK = Tile::template kTileK<Scalar>;
  const int z = static_cast<int>(blockIdx.z), group = z % p.groups;
  const Lattice lattice = p.lattices[z / p.groups];
  const int tiles_n = (p.channels + Tile::kTileN - 1) / Tile::kTileN;
  const int tile_m = static_cast<int>(blockIdx.x) / tiles_n * Tile::kTileM;
  const int tile_n = static_cast<int>(blockIdx.x) % tiles_n * Tile::kTileN;
  if (tile_m >= lattice.count) return;  // the grid is for the lattice of most positions
  const int split = static_cast<int>(blockIdx.y);
  const int k_begin = split * cut.terms, k_end = min(k_begin + cut.terms, lattice.taps * kPack);
  const int slices = k_end > k_begin ? (k_end - k_begin + kTileK - 1) / kTileK : 0;

  p.image.data += static_cast<std::int64_t>(group) * p.image_group_stride;
  const Tap* const taps = p.taps + lattice.first_tap;
  WindowChunks<Scalar, Tile, Tile::kTileM> windows(p.image, lattice, taps, tile_m, k_begin, k_end);
  WeightChunks<Scalar, Tile, Tile::kTileN> weights(p.weight + static_cast<std::int64_t>(group) * p.weight_group_stride,
                                                   p.weight_channel_stride, taps, tile_n, p.channels, k_begin, k_end);
  UnitSums<Tile> sums = {};
  multiply_stages<Tile, Scalar, true, true>(windows, weights, slices, stages, sums);

  write_unit_sums<Tile>(sums, [&](int row, int column, const float(&values)[8]) {
    const int position = tile_m + row, first = tile_n + column;
    if (position >= lattice.count || first >= p.channels) return;
    if (cut.partial) {
      const std::int64_t line = (static_cast<std::int64_t>(split) * gridDim.z + z) * p.channels + first;
#pragma unroll
      for (int i = 0; i < 8; ++i)
        if (first + i < p.channels) cut.partial[(line + i) * p.most_positions + position] = values[i];
      return;
    }
    const int of_all = group * p.channels + first;
    Scalar* const out =
        p.out + lattice.first_out + Position(lattice, position).offset(p.out_strides) + of_all * p.out_strides.channel;
    Pack<Scalar, kPack> packs[8 / kPack];
#pragma unroll
    for (int i = 0; i < 8; ++i)
      packs[i / kPack].values[i % kPack] =
          from_float<Scalar>(p.bias && first + i < p.channels ? values[i] + to_float(p.bias[of_all + i]) : values[i]);
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      if (first + i >= p.channels) continue;
      if (!packed_output) {
        out[i * p.out_strides.channel] = packs[i / kPack].values[i % kPack];
      } else if (i % kPack == 0) {
        *reinterpret_cast<Pack<Scalar, kPack>*>(out + i) = packs[i / kPack];
      }
    }
  });
}

/// A weight's gradient over chunks: `padded` channels of a group in the image, `g_padded` in g.
template <class Scalar>
struct UnitWeightGradient {
  WeightGradient<Scalar> base;
  int padded, g_padded, elements, in_channels;  // elements of the kernel; channels of x in a group
};

/// grid.x: tiles of channels x channels of taps; grid.y: splits of the positions; grid.z: groups.
template <class Scalar, class Tile>
__global__ void __launch_bounds__(Tile::kThreads, 2)
    unit_weight_gradient(UnitWeightGradient<Scalar> unit, Splitting cut) {
  LOCKSTEP_DYNAMIC_SHARED(unsigned char, stages);
  constexpr int kTileK = Tile::template kTileK<Scalar>;
  WeightGradient<Scalar>& p = unit.base;
  const int group = static_cast<int>(blockIdx.z), lines = unit.elements * unit.padded;
  const int tiles_n = (lines + Tile::kTileN - 1) / Tile::kTileN;
  const int tile_m = static_cast<int>(blockIdx.x) / tiles_n * Tile::kTileM;
  const int tile_n = static_cast<int>(blockIdx.x) % tiles_n * Tile::kTileN;
  const int split = static_cast<int>(blockIdx.y);
  const int k_begin = split * cut.terms, k_end = min(k_begin + cut.terms, p.positions);
  const int slices = k_end > k_begin ? (k_end - k_begin + kTileK - 1) / kTileK : 0;

  p.image.data += static_cast<std::int64_t>(group) * p.image_group_stride;
  const GemmOperand<Scalar> g{p.g + static_cast<std::int64_t>(group) * unit.g_padded,
                              static_cast<std::int64_t>(p.groups) * unit.g_padded};
  ChunkLoader<Scalar, Tile, Tile::kTileM, false> gradients(g, tile_m, unit.g_padded, k_begin, k_end);
  TapChunks<Scalar, Tile, Tile::kTileN> taps(p.image, p.lattice, p.taps, tile_n, lines, k_begin, k_end);
  UnitSums<Tile> sums = {};
  multiply_stages<Tile, Scalar, false, false>(gradients, taps, slices, stages, sums);

  write_unit_sums<Tile>(sums, [&](int row, int column, const float(&values)[8]) {
    const int channel = tile_m + row, line = tile_n + column;
    if (channel >= p.channels) return;
    const std::int64_t first = (static_cast<std::int64_t>(group) * p.channels + channel) * p.window;
    const std::int64_t part = static_cast<std::int64_t>(split) * p.groups * p.channels * p.window;
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const int element = (line + i) / unit.padded, in_channel = (line + i) % unit.padded;
      if (element >= unit.elements || in_channel >= unit.in_channels) continue;
      const std::int64_t place = first + in_channel * unit.elements + element;
      if (cut.partial)
        cut.partial[part + place] = values[i];
      else
        p.out[place] = from_float<Scalar>(values[i]);
    }
  });
}

/// Calls with the tile for a product of `rows` by `columns`, `products` times: function(TypeTag<Tile>).
template <class Function>
Launch with_unit_tile(std::int64_t rows, std::int64_t columns, std::int64_t products, Function function) {
  using gemm_detail::tiles;
  if (tiles(rows, WideUnitTile::kTileM) * tiles(columns, WideUnitTile::kTileN) * products >=
          gemm_detail::kMultiprocessors &&
      std::min(rows, columns) > NarrowUnitTile::kTileM)
    return function(TypeTag<WideUnitTile>{});
  return function(TypeTag<NarrowUnitTile>{});
}

template <class Scalar>
Launch launch_unit_windows(const WithTables<WindowProduct<Scalar>>& planned, bool packed_output, Device& device) {
  const WindowProduct<Scalar>& p = planned.plan;
  if (p.channels == 0 || p.most_positions == 0) return [] {};
  const std::int64_t z = static_cast<std::int64_t>(p.groups) * p.lattice_count;
  return with_unit_tile(p.most_positions, p.channels, z, [&](auto tag) -> Launch {
    using Tile = typename decltype(tag)::type;
    const std::int64_t tiles =
        gemm_detail::tiles(p.channels, Tile::kTileN) * gemm_detail::tiles(p.most_positions, Tile::kTileM);
    const SplitPlan split(tiles * z, std::int64_t{planned.tables.most_taps} * kFullPack<Scalar>,
                          Tile::template kTileK<Scalar>, z * p.channels * p.most_positions, device);
    return [=, tables = planned.tables, stream = device.stream()] {
      launch(unit_window_gemm<Scalar, Tile>,
             {LaunchExtent(tiles, split.cut.splits, z), Tile::kThreads, std::size_t{Tile::kSharedBytes}}, stream, p,
             split.cut, packed_output);
      if (split.parts)
        launch(add_window_parts<Scalar>,
               {LaunchExtent(gemm_detail::tiles(p.most_positions, 256), std::min(p.channels, 4096), z), 256}, stream, p,
               split.cut);
    };
  });
}

template <class Scalar>
Launch launch_unit_weight_gradient(const WithTables<UnitWeightGradient<Scalar>>& planned, Device& device) {
  const UnitWeightGradient<Scalar>& unit = planned.plan;
  const WeightGradient<Scalar>& p = unit.base;
  const std::int64_t count = static_cast<std::int64_t>(p.groups) * p.channels * p.window;
  if (count == 0) return [] {};
  const std::int64_t lines = std::int64_t{unit.elements} * unit.padded;
  return with_unit_tile(p.channels, lines, p.groups, [&](auto tag) -> Launch {
    using Tile = typename decltype(tag)::type;
    const std::int64_t tiles = gemm_detail::tiles(p.channels, Tile::kTileM) * gemm_detail::tiles(lines, Tile::kTileN);
    const SplitPlan split(tiles * p.groups, p.positions, Tile::template kTileK<Scalar>, count, device);
    return [=, out = p.out, groups = p.groups, tables = planned.tables, stream = device.stream()] {
      launch(unit_weight_gradient<Scalar, Tile>,
             {LaunchExtent(tiles, split.cut.splits, groups), Tile::kThreads, std::size_t{Tile::kSharedBytes}}, stream,
             unit, split.cut);
      if (split.parts)
        launch(add_parts<Scalar>, {std::min<std::int64_t>(gemm_detail::tiles(count, 256), 4096), 256}, stream,
               split.cut, count, out);
    };
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
