// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/cooperative_groups.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "harness/simt/cooperative_groups.cuh"
#include "harness/simt/settings.hpp"

namespace lockstep::emulated {
namespace {

namespace cg = cooperative_groups;

template <unsigned kSize>
__global__ void tiles(int* out) {
  const cg::thread_block block = cg::this_thread_block();
  const auto tile = cg::tiled_partition<kSize>(block);
  const int value = static_cast<int>(block.thread_rank());
  int* row = out + 12 * block.thread_rank();
  row[0] = static_cast<int>(tile.thread_rank());
  row[1] = static_cast<int>(tile.meta_group_rank());
  row[2] = static_cast<int>(tile.meta_group_size());
  row[3] = cg::reduce(tile, value, cg::plus<int>());
  row[4] = cg::reduce(tile, value, cg::greater<int>());
  row[5] = cg::reduce(tile, value, cg::less<int>());
  row[6] = tile.shfl(value, 0);
  row[7] = tile.shfl_down(value, 1);
  row[8] = tile.shfl_up(value, 1);
  row[9] = tile.shfl_xor(value, kSize / 2);
  row[10] = static_cast<int>(tile.ballot(tile.thread_rank() == 0));
  row[11] = tile.any(value == 0) * 2 + tile.all(value < static_cast<int>(kSize));
  tile.sync();
  cg::sync(block);
}

template <unsigned kSize>
void check_tiles() {
  constexpr int kThreads = 64, size = kSize;
  for (const simt::Settings& settings : simt::every_order()) {
    SCOPED_TRACE(simt::text(settings));
    const simt::SettingsScope scope(settings);
    std::vector<int> out(12 * kThreads);
    launch(tiles<kSize>, {1, dim3(8, 8)}, nullptr, out.data());
    for (int thread = 0; thread < kThreads; ++thread) {
      const int rank = thread % size, first = thread - rank;
      const std::vector<int> expected{rank,
                                      thread / size,
                                      kThreads / size,
                                      size * first + size * (size - 1) / 2,
                                      first + size - 1,
                                      first,
                                      first,
                                      rank == size - 1 ? thread : thread + 1,
                                      rank == 0 ? thread : thread - 1,
                                      first + (rank ^ (size / 2)),
                                      1,
                                      first == 0 ? 3 : 0};
      const auto row = out.begin() + 12 * thread;
      ASSERT_EQ(std::vector<int>(row, row + 12), expected) << "thread " << thread << " of tiles of " << size;
    }
  }
}

TEST(CooperativeGroups, TilesOfEverySize) {
  check_tiles<1>();
  check_tiles<2>();
  check_tiles<4>();
  check_tiles<8>();
  check_tiles<16>();
  check_tiles<32>();
}

__global__ void tiles_of_tiles(float* out) {
  const auto warp = cg::tiled_partition<32>(cg::this_thread_block());
  const auto quad = cg::tiled_partition<4>(warp);
  // The quads reduce different numbers of times: they must not wait for each other.
  float sum = 0;
  for (unsigned i = 0; i <= quad.meta_group_rank(); ++i)
    sum += cg::reduce(quad, static_cast<float>(threadIdx.x), cg::plus<float>());
  out[threadIdx.x] = sum + 1000.0f * static_cast<float>(quad.meta_group_size());
}

TEST(CooperativeGroups, TilesOfTilesRunApart) {
  for (const simt::Settings& settings : simt::every_order()) {
    SCOPED_TRACE(simt::text(settings));
    const simt::SettingsScope scope(settings);
    std::vector<float> out(64);
    launch(tiles_of_tiles, {1, 64}, nullptr, out.data());
    for (int thread = 0; thread < 64; ++thread) {
      const int first = thread / 4 * 4, rank = thread % 32 / 4;
      EXPECT_EQ(out[static_cast<std::size_t>(thread)], static_cast<float>((rank + 1) * (4 * first + 6) + 8000));
    }
  }
}

__global__ void block_ranks(int* out) {
  const cg::thread_block block = cg::this_thread_block();
  out[block.thread_rank()] = static_cast<int>(1000 * block.size() + 100 * block.thread_index().z +
                                              10 * block.thread_index().y + block.thread_index().x);
  block.sync();
}

TEST(CooperativeGroups, BlockRanks) {
  std::vector<int> out(24);
  launch(block_ranks, {1, dim3(4, 3, 2)}, nullptr, out.data());
  for (int i = 0; i < 24; ++i)
    EXPECT_EQ(out[static_cast<std::size_t>(i)], 24000 + i / 12 * 100 + i / 4 % 3 * 10 + i % 4);
}

}  // namespace
}  // namespace lockstep::emulated
