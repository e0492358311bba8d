// SPDX-License-Identifier: Apache-2.0
// Idea: y = x W^T + b in f16 and bf16 with what compute capability 9.0 alone has: the copy unit (TMA) brings tiles of
// both factors into a ring in shared memory, from where warpgroups multiply them (wgmma) without a register in between.
// Layout: a block of three warpgroups per multiprocessor walks tiles of y of 128 x 256 (128 x 128 where those are too
// few for all multiprocessors). One thread of the first warpgroup starts the copies of slices of 64 along k; each of
// the other two owns 64 rows of the tile, its sums in registers, which the first one hands over.
// Fast because: every stage has barriers of its own, so that copies run ahead up to the ring's length, across tiles
// too, and go on while sums are written; instructions queue up behind those under way; the swizzle of 128 bytes keeps
// banks apart; tiles that follow one another share eight rows of tiles in the second-level cache. Edges are zeros made
// by the copy unit, and stores are held to the matrix.
#include "kernels/linear/matrices.hpp"
#include "kernels/shared/gemm_launch.cuh"
#include "kernels/shared/sm_90a/tensor_map.hpp"
#include "kernels/shared/sm_90a/warpgroup_products.cuh"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

/// kTileM x kTileN of y for a block; the ring fills the shared memory of a multiprocessor.
template <int kTileN_>
struct WarpgroupTile {
  static constexpr int kTileM = 2 * kWarpgroupRows, kTileN = kTileN_, kTileK = kSwizzledColumns;
  static constexpr int kThreads = 3 * kWarpgroup;
  static constexpr int kBytesA = kTileM * kTileK * 2, kStageBytes = kBytesA + kTileN * kTileK * 2;
  static constexpr int kStages = 192 * 1024 / kStageBytes;
  static constexpr int kAlignment = 1024;  // of a box under the swizzle
  static constexpr int kSharedBytes = kStages * kStageBytes + kAlignment;
  /// Registers of a thread that copies, and of one that multiplies: together as many as the launch gave to all.
  static constexpr int kCopying = 24, kMultiplying = 240;
  static_assert(kStageBytes % kAlignment == 0 && kBytesA % kAlignment == 0);
  static_assert(kCopying + 2 * kMultiplying <= 3 * 168);  // 65536 registers / 384 threads, in steps of 8
};
using WideWarpgroupTile = WarpgroupTile<256>;
using NarrowWarpgroupTile = WarpgroupTile<128>;

template <class Scalar>
struct WarpgroupGemm {
  CUtensorMap a, b;
  Gemm<Scalar> g;
};

/// First row and column of a tile: eight rows of tiles share what lies below one another.
template <class Tile>
struct WarpgroupTilePlace {
  int m, n;
  __device__ __forceinline__ WarpgroupTilePlace(int tile, int tiles_m, int tiles_n) {
    constexpr int kTogether = 8;
    const int in_group = tile % (kTogether * tiles_n), first = tile / (kTogether * tiles_n) * kTogether;
    const int together = min(tiles_m - first, kTogether);
    m = (first + in_group % together) * Tile::kTileM;
    n = in_group / together * Tile::kTileN;
  }
};

/// Where in the ring a side is; it goes round the same way on both.
template <class Tile>
struct RingPlace {
  int stage = 0;
  unsigned parity = 0;
  __device__ __forceinline__ void advance() {
    if (++stage < Tile::kStages) return;
    stage = 0;
    parity ^= 1;
  }
};

/// Both barriers of a stage: filled by the copy unit, and left by every multiplying warp.
struct StageBarriers {
  CopyBarrier filled, left;
};

/// What the copying thread does for one tile.
template <class Tile, class Scalar>
__device__ __forceinline__ void copy_slices(const WarpgroupGemm<Scalar>& gemm, const WarpgroupTilePlace<Tile>& place,
                                            int slices, unsigned char* ring, StageBarriers* barriers,
                                            RingPlace<Tile>& at) {
  for (int slice = 0; slice < slices; ++slice, at.advance()) {
    StageBarriers& stage = barriers[at.stage];
    unsigned char* const to = ring + at.stage * Tile::kStageBytes;
    stage.left.wait(at.parity ^ 1);  // the first time round nobody has to leave
    stage.filled.arrive_expecting(Tile::kStageBytes);
    copy_box_async(to, gemm.a, slice * Tile::kTileK, place.m, stage.filled);
    copy_box_async(to + Tile::kBytesA, gemm.b, slice * Tile::kTileK, place.n, stage.filled);
  }
}

/// What a multiplying warpgroup does for one tile, until its sums are complete. Two groups of instructions are under
/// way at once, so that a stage is left when those of the next one have been started.
template <class Tile, class Scalar>
__device__ __forceinline__ void multiply_slices_of(int slices, int first_row, unsigned char* ring,
                                                   StageBarriers* barriers, RingPlace<Tile>& at,
                                                   WarpgroupSums<Tile::kTileN>& sums) {
  const bool speaks_for_warp = threadIdx.x % 32 == 0;
  int previous = at.stage;
  for (int slice = 0; slice < slices; ++slice, at.advance()) {
    unsigned char* const from = ring + at.stage * Tile::kStageBytes;
    barriers[at.stage].filled.wait(at.parity);
    const std::uint64_t a = describe_tile(from + first_row * Tile::kTileK * 2);
    const std::uint64_t b = describe_tile(from + Tile::kBytesA);
    begin_products();
#pragma unroll
    for (int step = 0; step < Tile::kTileK / kWarpgroupStep; ++step)
      start_products<Scalar, Tile::kTileN>(sums, further_along_k(a, step), further_along_k(b, step),
                                           static_cast<int>(slice > 0 || step > 0));
    commit_products();
    wait_for_products<1>();
    if (slice > 0 && speaks_for_warp) barriers[previous].left.arrive();
    previous = at.stage;
  }
  finish_products<Tile::kTileN>(sums);
  if (speaks_for_warp) barriers[previous].left.arrive();
}

template <class Scalar, class Tile>
__global__ void __launch_bounds__(Tile::kThreads, 1)
    linear_warpgroup_gemm(const __grid_constant__ WarpgroupGemm<Scalar> gemm) {
  LOCKSTEP_DYNAMIC_SHARED(unsigned char, unaligned_ring);
  LOCKSTEP_SHARED(StageBarriers, barriers, [Tile::kStages]);
  unsigned char* const ring =
      unaligned_ring + (Tile::kAlignment - shared_address(unaligned_ring) % Tile::kAlignment) % Tile::kAlignment;
  if (threadIdx.x == 0) {
    for (StageBarriers& stage : barriers) {
      stage.filled.start(1);
      stage.left.start(2 * kWarpgroup / 32);
    }
    CopyBarrier::publish();
  }
  __syncthreads();

  const Gemm<Scalar>& g = gemm.g;
  const int tiles_m = (g.m + Tile::kTileM - 1) / Tile::kTileM, tiles_n = (g.n + Tile::kTileN - 1) / Tile::kTileN;
  const int slices = (g.k + Tile::kTileK - 1) / Tile::kTileK, warpgroup = static_cast<int>(threadIdx.x) / kWarpgroup;
  RingPlace<Tile> at;
  if (warpgroup == 0) {
    give_registers<Tile::kCopying>();
    if (threadIdx.x != 0) return;
    prefetch_map(gemm.a);
    prefetch_map(gemm.b);
    for (int tile = static_cast<int>(blockIdx.x); tile < tiles_m * tiles_n; tile += static_cast<int>(gridDim.x))
      copy_slices<Tile>(gemm, WarpgroupTilePlace<Tile>(tile, tiles_m, tiles_n), slices, ring, barriers, at);
    return;
  }
  take_registers<Tile::kMultiplying>();
  const int first_row = (warpgroup - 1) * kWarpgroupRows;
  for (int tile = static_cast<int>(blockIdx.x); tile < tiles_m * tiles_n; tile += static_cast<int>(gridDim.x)) {
    const WarpgroupTilePlace<Tile> place(tile, tiles_m, tiles_n);
    WarpgroupSums<Tile::kTileN> sums;
    multiply_slices_of<Tile, Scalar>(slices, first_row, ring, barriers, at, sums);
#pragma unroll
    for (int run = 0; run < Tile::kTileN / 32; ++run)
      write_unit_sums<WarpgroupRun>(sums[run], [&](int row, int column, const float(&values)[8]) {
        write_run<8>(g, 0, place.m + first_row + row, place.n + run * 32 + column, values);
      });
  }
}

int multiprocessors() {
  int device = 0, count = 0;
  LOCKSTEP_CUDA_CHECK(cudaGetDevice(&device));
  LOCKSTEP_CUDA_CHECK(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device));
  return count;
}

template <class Tile, class Scalar>
std::int64_t tiles_of(const Gemm<Scalar>& g) {
  return gemm_detail::tiles(g.m, Tile::kTileM) * gemm_detail::tiles(g.n, Tile::kTileN);
}

/// Up to a block for every multiprocessor. The order of additions depends neither on their number nor on the tile.
template <class Tile, class Scalar>
Launch launch_tiles_of(const MatrixView& x, const MatrixView& weight, const Gemm<Scalar>& g, std::int64_t most_blocks,
                       Device& device) {
  const WarpgroupGemm<Scalar> gemm{tensor_map_of(x, Tile::kTileM, Tile::kTileK),
                                   tensor_map_of(weight, Tile::kTileN, Tile::kTileK), g};
  const LaunchExtent grid(std::min(tiles_of<Tile>(g), most_blocks));
  return [=, stream = device.stream()] {
    launch(linear_warpgroup_gemm<Scalar, Tile>, {grid, Tile::kThreads, Tile::kSharedBytes}, stream, gemm);
  };
}

template <class Scalar>
Launch prepare(const MatrixView& x, const MatrixView& weight, const MatrixView& y, const void* bias, Device& device) {
  const Gemm<Scalar> g = gemm_detail::describe_gemm<Scalar, true>(x, weight, y, bias, 8, nullptr).value();
  const int blocks = multiprocessors();
  if (g.n > NarrowWarpgroupTile::kTileN && tiles_of<WideWarpgroupTile>(g) >= blocks)
    return launch_tiles_of<WideWarpgroupTile>(x, weight, g, blocks, device);
  return launch_tiles_of<NarrowWarpgroupTile>(x, weight, g, blocks, device);
}

}  // namespace

Launch linear_forward_warpgroup_tensor_core(const Problem& problem, const Tensors& tensors, Device& device) {
  const Linear op(problem);
  const MatrixView x = linear_x(op, tensors.inputs[0]), weight = linear_weight(op, tensors.inputs[1]);
  const MatrixView y = linear_y(op, tensors.outputs[0]);
  const void* const bias = op.bias ? tensors.inputs[2].data : nullptr;
  return problem.dtype == DType::f16 ? prepare<__half>(x, weight, y, bias, device)
                                     : prepare<__nv_bfloat16>(x, weight, y, bias, device);
}

}  // namespace lockstep::LOCKSTEP_BACKEND
