// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <type_traits>
#include <vector>

#include "harness/data/error.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/matrix_view.hpp"
#include "kernels/shared/tiled_gemm.cuh"

// Host side of tiled_gemm: which tile, how many splits, which loads.
namespace lockstep::LOCKSTEP_BACKEND {

/// A kernel whose blocks own tiles of C and walk k in slices of tile_k.
template <class Scalar>
struct GemmKernel {
  void (*kernel)(Gemm<Scalar>);
  int tile_m, tile_n, tile_k, threads, shared_bytes;
};

namespace gemm_detail {

// Streaming multiprocessors of the device that the choices below are tuned for (H200). Fixed, so that the order of
// additions, and with it the bits, do not depend on the machine.
inline constexpr std::int64_t kMultiprocessors = 132;
// A split shorter than this does not pay for adding its part.
inline constexpr std::int64_t kShortestSplit = 128;

inline std::int64_t tiles(std::int64_t extent, int tile) { return (extent + tile - 1) / tile; }

/// Splits of k that give every multiprocessor about two blocks.
inline std::int64_t splits_for(std::int64_t blocks, std::int64_t k) {
  return std::clamp<std::int64_t>(2 * kMultiprocessors / blocks, 1, std::max<std::int64_t>(k / kShortestSplit, 1));
}

/// The offsets of a batch's tensors, on the host.
struct BatchOffsets {
  std::vector<std::int64_t> factors;  // [results][copies][2]
  std::vector<std::int64_t> results;
  int copies = 1;
};

inline std::shared_ptr<DeviceMemory> on_device(const std::vector<std::int64_t>& numbers, Device& device) {
  auto memory = std::make_shared<DeviceMemory>(device, numbers.size() * sizeof(std::int64_t));
  device.copy_to_device(memory->get(), numbers.data(), numbers.size() * sizeof(std::int64_t));
  return memory;
}

/// `batch` null: one product.
template <class Scalar>
Launch launch_tiles(Gemm<Scalar> g, const GemmKernel<Scalar>& tile, const BatchOffsets* batch, Device& device) {
  const std::int64_t results = batch ? static_cast<std::int64_t>(batch->results.size()) : 1;
  const std::int64_t copies = batch ? batch->copies : 1;
  const std::int64_t blocks = tiles(g.m, tile.tile_m) * tiles(g.n, tile.tile_n);
  std::int64_t splits = splits_for(blocks * copies * results, g.k);
  const std::int64_t slices = tiles(g.k, tile.tile_k);
  g.k_per_split = static_cast<int>(std::max<std::int64_t>(tiles(slices, static_cast<int>(splits)), 1) * tile.tile_k);
  splits = std::max<std::int64_t>(tiles(g.k, g.k_per_split), 1);
  g.splits = static_cast<int>(splits);
  const std::int64_t parts = splits * copies, count = static_cast<std::int64_t>(g.m) * g.n;
  std::shared_ptr<DeviceMemory> workspace, factors, places;
  if (parts > 1) {
    workspace =
        std::make_shared<DeviceMemory>(device, static_cast<std::size_t>(results * parts * count) * sizeof(float));
    g.partial = static_cast<float*>(workspace->get());
  }
  if (batch) {
    factors = on_device(batch->factors, device);
    places = on_device(batch->results, device);
    g.batch = {static_cast<const std::int64_t*>(factors->get()), static_cast<const std::int64_t*>(places->get()),
               batch->copies};
  }
  return [=, stream = device.stream()] {
    constexpr std::int64_t kMostAtOnce = 65535;  // blocks along z
    for (std::int64_t first = 0; first < results; first += kMostAtOnce) {
      Gemm<Scalar> some = g;
      if (factors && places) {
        some.batch.factor_offsets += first * copies * 2;
        some.batch.result_offsets += first;
        if (some.partial) some.partial += first * parts * count;
      }
      const std::int64_t now = std::min(results - first, kMostAtOnce);
      launch(tile.kernel, {LaunchExtent(blocks, parts, now), tile.threads, static_cast<std::size_t>(tile.shared_bytes)},
             stream, some);
      if (workspace)
        launch(combine_splits<Scalar>, {LaunchExtent(tiles(g.n, 256), std::min(g.m, 4096), now), 256}, stream, some,
               static_cast<int>(parts));
    }
  };
}

/// The large tile once it fills the device; below that small ones, which keep more multiprocessors busy.
template <class Scalar>
Launch launch_for_shape(const Gemm<Scalar>& g, const GemmKernel<Scalar>& large, const GemmKernel<Scalar>& small,
                        const BatchOffsets* batch, Device& device) {
  const std::int64_t products = batch ? static_cast<std::int64_t>(batch->results.size()) * batch->copies : 1;
  if (tiles(g.m, large.tile_m) * tiles(g.n, large.tile_n) * products >= kMultiprocessors &&
      (!batch || std::min(g.m, g.n) > small.tile_m))
    return launch_tiles(g, large, batch, device);
  return launch_tiles(g, small, batch, device);
}

/// Whether packs of `pack` elements stay aligned wherever the batch leads.
inline bool offsets_take_packs(const std::vector<std::int64_t>& offsets, int pack) {
  return std::all_of(offsets.begin(), offsets.end(), [pack](std::int64_t offset) { return offset % pack == 0; });
}

/// The product, or nothing where C is empty. `packs`: elements of C that a thread writes at once.
template <class Scalar, bool kAAlongK>
std::optional<Gemm<Scalar>> describe_gemm(const MatrixView& a, const MatrixView& b, const MatrixView& c,
                                          const void* bias, int packs, const BatchOffsets* batch) {
  const std::int64_t k = kAAlongK ? a.columns : a.rows;
  if (std::max({c.rows, c.columns, k}) > std::numeric_limits<int>::max() / 2)
    throw Error("matrix product: extents " + to_text({c.rows, c.columns, k}) +
                " are too large; accepted: below 2^30 each");
  if (c.rows == 0 || c.columns == 0 || (batch && batch->results.empty())) return std::nullopt;
  const bool packed_output =
      c.takes_packs(packs) &&
      reinterpret_cast<std::uintptr_t>(bias) % (static_cast<std::size_t>(packs) * sizeof(Scalar)) == 0 &&
      (!batch || offsets_take_packs(batch->results, packs));
  return Gemm<Scalar>{.a = {a.tensor.template as<const Scalar>(), a.pitch},
                      .b = {b.tensor.template as<const Scalar>(), b.pitch},
                      .bias = static_cast<const Scalar*>(bias),
                      .c = c.tensor.template as<Scalar>(),
                      .c_pitch = c.pitch,
                      .partial = nullptr,
                      .m = static_cast<int>(c.rows),
                      .n = static_cast<int>(c.columns),
                      .k = static_cast<int>(k),
                      .k_per_split = static_cast<int>(k),
                      .packed_output = packed_output,
                      .splits = 1,
                      .batch = {}};
}

}  // namespace gemm_detail

/// Plans the product; kAAlongK says that A is not transposed, kBAlongK that B is. Empty C: a launch that does nothing;
/// empty sums give the bias, or zeros. With `batch` the matrices are the first of as many, and results sum over copies.
/// Throws Error for extents of 2^30 and more.
template <class Scalar, bool kAAlongK, bool kBAlongK>
Launch prepare_gemm(const MatrixView& a, const MatrixView& b, const MatrixView& c, const void* bias, Device& device,
                    const gemm_detail::BatchOffsets* batch = nullptr) {
  const auto g = gemm_detail::describe_gemm<Scalar, kAAlongK>(a, b, c, bias, 4, batch);
  if (!g) return [] {};
  const auto plan = [&](auto pack) {
    const auto kernel_of = [](auto tile) -> GemmKernel<Scalar> {
      using Tile = decltype(tile);
      return {tiled_gemm<Scalar, Tile, decltype(pack)::value, kAAlongK, kBAlongK>,
              Tile::kTileM,
              Tile::kTileN,
              Tile::kTileK,
              Tile::kThreads,
              0};
    };
    return gemm_detail::launch_for_shape(*g, kernel_of(LargeTile{}), kernel_of(SmallTile{}), batch, device);
  };
  constexpr int kPack = kFullPack<Scalar>;
  if (a.takes_packs(kPack) && b.takes_packs(kPack) &&
      (!batch || gemm_detail::offsets_take_packs(batch->factors, kPack)))
    return plan(std::integral_constant<int, kPack>{});
  return plan(std::integral_constant<int, 1>{});
}

}  // namespace lockstep::LOCKSTEP_BACKEND
