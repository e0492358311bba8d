// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "kernels/conv2d/plans.cuh"
#include "kernels/conv2d/window_loaders.cuh"
#include "kernels/shared/gemm_launch.cuh"

// A convolution as a matrix product whose windowed factor is never written down: blocks own tiles of channels x
// positions (of channels x taps for the weight's gradient) as in kernels/shared/tiled_gemm.cuh, and their loaders find
// the windows' elements by a table. Few tiles with long sums are split over more blocks, whose parts are added in
// their order: the same bits in every run.
namespace lockstep::LOCKSTEP_BACKEND {

/// For groups of few channels, whose products the other tiles would fill with zeros.
using ThinTile = GemmTile<16, 256, 16, 4, 4>;
inline constexpr int kThinChannels = 16;

/// How the sums are cut. With `partial` block (split, group) writes its part to
/// partial[split][group][channel][column] instead of the result.
struct Splitting {
  float* partial = nullptr;
  int splits = 1, terms = 0;  // terms of one split
};

/// grid.x: tiles; grid.y: splits of the taps; grid.z: groups within lattices.
template <class Scalar, class Tile, bool kImageAlongTaps, bool kWeightAlongTaps>
__global__ void __launch_bounds__(256, 2) window_gemm(WindowProduct<Scalar> p, Splitting cut) {
  using Weights = WeightSlices<Scalar, Tile::kTileM, Tile::kTileK, kWeightAlongTaps>;
  using Windows = WindowSlices<Scalar, Tile::kTileN, Tile::kTileK, kImageAlongTaps>;
  LOCKSTEP_SHARED(float, slices_a, [2][Tile::kTileK * Weights::kSharedPitch]);
  LOCKSTEP_SHARED(float, slices_b, [2][Tile::kTileK * Windows::kSharedPitch]);

  const int z = static_cast<int>(blockIdx.z), group = z % p.groups;
  const Lattice lattice = p.lattices[z / p.groups];
  const int tiles_m = (p.channels + Tile::kTileM - 1) / Tile::kTileM;
  const int tile_m = static_cast<int>(blockIdx.x) % tiles_m * Tile::kTileM;
  const int tile_n = static_cast<int>(blockIdx.x) / tiles_m * Tile::kTileN;
  if (tile_n >= lattice.count) return;  // the grid is for the lattice of most positions
  const int split = static_cast<int>(blockIdx.y);
  const int k_begin = split * cut.terms, k_end = min(k_begin + cut.terms, lattice.taps);
  const int slices = k_end > k_begin ? (k_end - k_begin + Tile::kTileK - 1) / Tile::kTileK : 0;

  p.image.data += static_cast<std::int64_t>(group) * p.image_group_stride;
  const Tap* const taps = p.taps + lattice.first_tap;
  Weights weights(p.weight + static_cast<std::int64_t>(group) * p.weight_group_stride, p.weight_channel_stride, taps,
                  tile_m, p.channels, k_begin, k_end);
  Windows windows(p.image, lattice, taps, tile_n, k_begin, k_end);
  float sums[Tile::kRows][Tile::kColumns] = {};
  multiply_slices<Tile>(weights, windows, slices, slices_a, slices_b, sums);

  const TilePlace<Tile> own;
#pragma unroll
  for (int j = 0; j < Tile::kColumns; ++j) {
    const int position = tile_n + own.n + j / 4 * 32 + j % 4;
    if (position >= lattice.count) continue;
    const int place = lattice.first_out + Position(lattice, position).offset(p.out_strides);
#pragma unroll
    for (int i = 0; i < Tile::kRows; ++i) {
      const int channel = tile_m + own.m + i / 4 * 16 + i % 4;
      if (channel >= p.channels) continue;
      const int of_all = group * p.channels + channel;
      if (cut.partial) {
        const std::int64_t line = (static_cast<std::int64_t>(split) * gridDim.z + z) * p.channels + channel;
        cut.partial[line * p.most_positions + position] = sums[i][j];
      } else {
        p.out[of_all * p.out_strides.channel + place] =
            from_float<Scalar>(p.bias ? sums[i][j] + to_float(p.bias[of_all]) : sums[i][j]);
      }
    }
  }
}

/// grid: positions, channels, groups within lattices.
template <class Scalar>
__global__ void __launch_bounds__(256) add_window_parts(WindowProduct<Scalar> p, Splitting cut) {
  const int z = static_cast<int>(blockIdx.z), group = z % p.groups;
  const Lattice lattice = p.lattices[z / p.groups];
  const int position = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (position >= lattice.count) return;
  const int place = lattice.first_out + Position(lattice, position).offset(p.out_strides);
  const std::int64_t part = static_cast<std::int64_t>(gridDim.z) * p.channels * p.most_positions;
  for (int channel = static_cast<int>(blockIdx.y); channel < p.channels; channel += static_cast<int>(gridDim.y)) {
    const float* const parts =
        cut.partial + (static_cast<std::int64_t>(z) * p.channels + channel) * p.most_positions + position;
    float total = parts[0];
    for (int split = 1; split < cut.splits; ++split) total += parts[split * part];
    const int of_all = group * p.channels + channel;
    if (p.bias) total += to_float(p.bias[of_all]);
    p.out[of_all * p.out_strides.channel + place] = from_float<Scalar>(total);
  }
}

/// grid.x: tiles; grid.y: splits of the positions; grid.z: groups.
template <class Scalar, class Tile, bool kChannelsInnermost>
__global__ void __launch_bounds__(256, 2) weight_gradient_gemm(WeightGradient<Scalar> p, Splitting cut) {
  using Gradients = GradientSlices<Scalar, Tile::kTileM, Tile::kTileK, !kChannelsInnermost>;
  using Taps = TapSlices<Scalar, Tile::kTileN, Tile::kTileK, !kChannelsInnermost>;
  LOCKSTEP_SHARED(float, slices_a, [2][Tile::kTileK * Gradients::kSharedPitch]);
  LOCKSTEP_SHARED(float, slices_b, [2][Tile::kTileK * Taps::kSharedPitch]);

  const int group = static_cast<int>(blockIdx.z);
  const int tiles_n = (p.window + Tile::kTileN - 1) / Tile::kTileN;
  const int tile_m = static_cast<int>(blockIdx.x) / tiles_n * Tile::kTileM;
  const int tile_n = static_cast<int>(blockIdx.x) % tiles_n * Tile::kTileN;
  const int split = static_cast<int>(blockIdx.y);
  const int k_begin = split * cut.terms, k_end = min(k_begin + cut.terms, p.positions);
  const int slices = k_end > k_begin ? (k_end - k_begin + Tile::kTileK - 1) / Tile::kTileK : 0;

  p.image.data += static_cast<std::int64_t>(group) * p.image_group_stride;
  Gradients gradients(p.g + static_cast<std::int64_t>(group) * p.channels * p.g_strides.channel, p.g_strides, p.lattice,
                      tile_m, p.channels, k_begin, k_end);
  Taps taps(p.image, p.lattice, p.taps, tile_n, p.window, k_begin, k_end);
  float sums[Tile::kRows][Tile::kColumns] = {};
  multiply_slices<Tile>(gradients, taps, slices, slices_a, slices_b, sums);

  const TilePlace<Tile> own;
#pragma unroll
  for (int j = 0; j < Tile::kColumns; ++j) {
    const int tap = tile_n + own.n + j / 4 * 32 + j % 4;
    if (tap >= p.window) continue;
    const int place = p.taps[tap].weight;
#pragma unroll
    for (int i = 0; i < Tile::kRows; ++i) {
      const int channel = tile_m + own.m + i / 4 * 16 + i % 4;
      if (channel >= p.channels) continue;
      const std::int64_t line = static_cast<std::int64_t>(group) * p.channels + channel;
      if (cut.partial)
        cut.partial[(static_cast<std::int64_t>(split) * gridDim.z * p.channels + line) * p.window + place] = sums[i][j];
      else
        p.out[line * p.window + place] = from_float<Scalar>(sums[i][j]);
    }
  }
}

/// Adds the parts of `count` numbers.
template <class Scalar>
__global__ void __launch_bounds__(256) add_parts(Splitting cut, std::int64_t count, Scalar* __restrict__ out) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) {
    float total = cut.partial[i];
    for (int split = 1; split < cut.splits; ++split) total += cut.partial[split * count + i];
    out[i] = from_float<Scalar>(total);
  }
}

/// How many splits `terms` terms get where `blocks` tiles do not fill the device, and room for parts of `count` results.
struct SplitPlan {
  Splitting cut;
  std::shared_ptr<DeviceMemory> parts;

  SplitPlan(std::int64_t blocks, std::int64_t terms, int slice, std::int64_t count, Device& device) {
    const std::int64_t wanted = gemm_detail::splits_for(blocks, terms);
    const std::int64_t slices = std::max<std::int64_t>((terms + slice - 1) / slice, 1);
    const std::int64_t slices_per_split = (slices + wanted - 1) / wanted;
    cut.terms = static_cast<int>(slices_per_split * slice);
    cut.splits = static_cast<int>((slices + slices_per_split - 1) / slices_per_split);
    if (cut.splits == 1) return;
    parts = std::make_shared<DeviceMemory>(device, static_cast<std::size_t>(cut.splits * count) * sizeof(float));
    cut.partial = static_cast<float*>(parts->get());
  }
};

/// Calls with the tile for a product of `rows` channels by `columns`, `groups` times: function(TypeTag<Tile>).
template <class Function>
Launch with_tile(std::int64_t rows, std::int64_t columns, std::int64_t groups, Function function) {
  if (rows <= kThinChannels) return function(TypeTag<ThinTile>{});
  const std::int64_t large =
      gemm_detail::tiles(rows, LargeTile::kTileM) * gemm_detail::tiles(columns, LargeTile::kTileN) * groups;
  if (large >= gemm_detail::kMultiprocessors) return function(TypeTag<LargeTile>{});
  return function(TypeTag<SmallTile>{});
}

template <bool kWeightAlongTaps, class Scalar>
Launch launch_window_gemm(const WithTables<WindowProduct<Scalar>>& planned, bool channels_innermost, Device& device) {
  const WindowProduct<Scalar>& p = planned.plan;
  if (p.channels == 0 || p.most_positions == 0) return [] {};
  const std::int64_t z = static_cast<std::int64_t>(p.groups) * p.lattice_count;
  return with_tile(p.channels, p.most_positions, z, [&](auto tag) -> Launch {
    using Tile = typename decltype(tag)::type;
    const std::int64_t tiles =
        gemm_detail::tiles(p.channels, Tile::kTileM) * gemm_detail::tiles(p.most_positions, Tile::kTileN);
    const SplitPlan split(tiles * z, planned.tables.most_taps, Tile::kTileK, z * p.channels * p.most_positions, device);
    const auto kernel = channels_innermost ? window_gemm<Scalar, Tile, true, kWeightAlongTaps>
                                           : window_gemm<Scalar, Tile, false, kWeightAlongTaps>;
    return [=, tables = planned.tables, stream = device.stream()] {
      launch(kernel, {LaunchExtent(tiles, split.cut.splits, z), 256}, stream, p, split.cut);
      if (split.parts)
        launch(add_window_parts<Scalar>,
               {LaunchExtent(gemm_detail::tiles(p.most_positions, 256), std::min(p.channels, 4096), z), 256}, stream, p,
               split.cut);
    };
  });
}

template <class Scalar>
Launch launch_weight_gradient(const WithTables<WeightGradient<Scalar>>& planned, bool channels_innermost,
                              Device& device) {
  const WeightGradient<Scalar>& p = planned.plan;
  const std::int64_t count = static_cast<std::int64_t>(p.groups) * p.channels * p.window;
  if (count == 0) return [] {};
  return with_tile(p.channels, p.window, p.groups, [&](auto tag) -> Launch {
    using Tile = typename decltype(tag)::type;
    const std::int64_t tiles =
        gemm_detail::tiles(p.channels, Tile::kTileM) * gemm_detail::tiles(p.window, Tile::kTileN);
    const SplitPlan split(tiles * p.groups, p.positions, Tile::kTileK, count, device);
    const auto kernel =
        channels_innermost ? weight_gradient_gemm<Scalar, Tile, true> : weight_gradient_gemm<Scalar, Tile, false>;
    return [=, tables = planned.tables, stream = device.stream()] {
      launch(kernel, {LaunchExtent(tiles, split.cut.splits, p.groups), 256}, stream, p, split.cut);
      if (split.parts)
        launch(add_parts<Scalar>, {std::min<std::int64_t>(gemm_detail::tiles(count, 256), 4096), 256}, stream,
               split.cut, count, p.out);
    };
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
