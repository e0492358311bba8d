// SPDX-License-Identifier: Apache-2.0
// CUDA's cooperative groups for the emulator: the block, and tiles of 1, 2, 4, 8, 16 or 32 neighbouring threads.
#pragma once

#include "harness/simt/warp_operations.hpp"

namespace lockstep::simt::cooperative_groups {

class thread_block {
 public:
  static void sync(LOCKSTEP_CALL_SITE) { wait_for_block(file, line); }
  static unsigned thread_rank() {
    const dialect::uint3 index = this_thread->index;
    const dialect::dim3 extents = this_block->dimensions;
    return (index.z * extents.y + index.y) * extents.x + index.x;
  }
  static unsigned num_threads() {
    const dialect::dim3 extents = this_block->dimensions;
    return extents.x * extents.y * extents.z;
  }
  static unsigned size() { return num_threads(); }
  static dialect::dim3 group_index() { return this_block->index; }
  static dialect::dim3 thread_index() { return this_thread->index; }
  static dialect::dim3 dim_threads() { return this_block->dimensions; }
  static dialect::dim3 group_dim() { return this_block->dimensions; }

 private:
  thread_block() = default;
  friend thread_block this_thread_block();
};

inline thread_block this_thread_block() { return {}; }

/// `kSize` neighbouring threads of `Parent`, aligned to their number, all in one warp.
template <unsigned kSize, class Parent = void>
class thread_block_tile {
  static_assert(kSize >= 1 && kSize <= kWarpLanes && (kSize & (kSize - 1)) == 0, "a tile has 1, 2, 4, ... 32 threads");

 public:
  void sync(LOCKSTEP_CALL_SITE) const { synchronize_lanes(mask(), file, line); }
  static unsigned thread_rank() { return this_thread->lane & (kSize - 1); }
  static constexpr unsigned num_threads() { return kSize; }
  static constexpr unsigned size() { return kSize; }
  unsigned meta_group_rank() const { return rank_; }
  unsigned meta_group_size() const { return count_; }

  template <class Value>
  Value shfl(Value value, unsigned source, LOCKSTEP_CALL_SITE) const {
    return shuffle<ShuffleKind::index>(mask(), value, source, static_cast<int>(kSize), file, line);
  }
  template <class Value>
  Value shfl_up(Value value, unsigned delta, LOCKSTEP_CALL_SITE) const {
    return shuffle<ShuffleKind::up>(mask(), value, delta, static_cast<int>(kSize), file, line);
  }
  template <class Value>
  Value shfl_down(Value value, unsigned delta, LOCKSTEP_CALL_SITE) const {
    return shuffle<ShuffleKind::down>(mask(), value, delta, static_cast<int>(kSize), file, line);
  }
  template <class Value>
  Value shfl_xor(Value value, unsigned lane_mask, LOCKSTEP_CALL_SITE) const {
    return shuffle<ShuffleKind::exclusive_or>(mask(), value, lane_mask, static_cast<int>(kSize), file, line);
  }
  unsigned ballot(int predicate, LOCKSTEP_CALL_SITE) const {
    return vote(mask(), predicate != 0, file, line) >> first();
  }
  int any(int predicate, LOCKSTEP_CALL_SITE) const { return vote(mask(), predicate != 0, file, line) != 0; }
  int all(int predicate, LOCKSTEP_CALL_SITE) const { return vote(mask(), predicate != 0, file, line) == mask(); }
  template <class Value>
  unsigned match_any(Value value, LOCKSTEP_CALL_SITE) const {
    return dialect::__match_any_sync(mask(), value, file, line) >> first();
  }

  /// The lanes of the tile, for the emulator's own use.
  static unsigned mask() { return (kSize == 32 ? 0xffffffffu : (1u << (kSize % 32)) - 1u) << first(); }

 private:
  thread_block_tile(unsigned rank, unsigned count) : rank_(rank), count_(count) {}
  static unsigned first() { return this_thread->lane & ~(kSize - 1); }

  template <unsigned kPart>
  friend thread_block_tile<kPart, thread_block> tiled_partition(const thread_block&);
  template <unsigned kPart, unsigned kWhole, class WholeParent>
  friend thread_block_tile<kPart, thread_block_tile<kWhole, WholeParent>> tiled_partition(
      const thread_block_tile<kWhole, WholeParent>&);

  unsigned rank_, count_;  // which tile of its parent this is, and of how many
};

template <unsigned kPart>
thread_block_tile<kPart, thread_block> tiled_partition(const thread_block& block) {
  return {block.thread_rank() / kPart, (block.num_threads() + kPart - 1) / kPart};
}
template <unsigned kPart, unsigned kWhole, class WholeParent>
thread_block_tile<kPart, thread_block_tile<kWhole, WholeParent>> tiled_partition(
    const thread_block_tile<kWhole, WholeParent>& tile) {
  static_assert(kPart <= kWhole, "a tile is no larger than its parent");
  return {tile.thread_rank() / kPart, kWhole / kPart};
}

template <class Value>
struct plus {
  Value operator()(const Value& a, const Value& b) const { return a + b; }
};
/// The smaller of two, as CUDA's reduce takes it.
template <class Value>
struct less {
  Value operator()(const Value& a, const Value& b) const { return b < a ? b : a; }
};
template <class Value>
struct greater {
  Value operator()(const Value& a, const Value& b) const { return a < b ? b : a; }
};
template <class Value>
struct bit_and {
  Value operator()(const Value& a, const Value& b) const { return a & b; }
};
template <class Value>
struct bit_or {
  Value operator()(const Value& a, const Value& b) const { return a | b; }
};
template <class Value>
struct bit_xor {
  Value operator()(const Value& a, const Value& b) const { return a ^ b; }
};

/// Every thread of the tile gets the combination of all values.
template <unsigned kSize, class Parent, class Value, class Operator>
Value reduce(const thread_block_tile<kSize, Parent>& tile, Value value, Operator&& combine, LOCKSTEP_CALL_SITE) {
  return reduce_lanes(tile.mask(), value, combine, file, line);
}

template <class Group>
void sync(const Group& group, LOCKSTEP_CALL_SITE) {
  group.sync(file, line);
}

}  // namespace lockstep::simt::cooperative_groups
