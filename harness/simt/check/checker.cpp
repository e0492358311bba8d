// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/check/checker.hpp"

#include <algorithm>
#include <cstring>

#include "harness/simt/block_runner.hpp"
#include "harness/simt/check/kernel_access.hpp"
#include "harness/simt/check/registry.hpp"

namespace lockstep::simt::check {
namespace {

std::uint64_t next_random(std::uint64_t& state) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state >> 32;
}

/// Whether kernels may use all of the bytes as they like: the one question that most accesses raise.
inline bool are_all_written(const ByteState* states, std::size_t bytes) {
  constexpr std::uint64_t kWritten = 0x0101010101010101ull * static_cast<std::uint64_t>(ByteState::written);
  std::uint64_t words[2] = {kWritten, kWritten};
  switch (bytes) {
    case 1: return states[0] == ByteState::written;
    case 2: std::memcpy(words, states, 2); break;
    case 4: std::memcpy(words, states, 4); break;
    case 8: std::memcpy(words, states, 8); break;
    case 16: std::memcpy(words, states, 16); break;
    default: return false;
  }
  return words[0] == kWritten && words[1] == kWritten;
}

}  // namespace

Checker* the_checker = nullptr;

Checker::Checker() : shared_(kSharedBytes), global_(kGlobalBytes) { the_checker = this; }

Checker& Checker::instance() {
  static Checker checker;
  return checker;
}

void Checker::begin_launch(BlockRunner& runner, const Settings& settings) {
  if (ordering_.is_exhausted()) {
    shared_.forget_accesses();
    global_.forget_accesses();
    ordering_.restart();
  }
  ordering_.begin_launch();
  pool_.clear();  // names no cell any more, so that no cell's position in it counts
  findings_.clear();
  runner_ = &runner;
  seed_ = settings.seed;
  preemption_ = static_cast<std::uint32_t>(std::clamp(settings.preemption, 0.0, 1.0) * 65536.0);
  ended_launch_ = false;
  may_preempt_ = true;
}

void Checker::begin_block(std::int64_t number) {
  ordering_.begin_block(number);
  block_ = number;
  random_ = (seed_ + 1) * 0x9e3779b97f4a7c15ull + static_cast<std::uint64_t>(number) * 0xbf58476d1ce4e5b9ull;
  random_ = random_ == 0 ? 1 : random_;
}

void Checker::begin_shared(const void* memory) {
  shared_.place(memory);
  shared_.set_state(0, opened_, ByteState::outside);
  opened_ = 0;
}

void Checker::open_shared(const void* data, std::size_t bytes) {
  const std::size_t offset = shared_.offset_of(reinterpret_cast<std::uintptr_t>(data));
  shared_.set_state(offset, bytes, ByteState::written);
  opened_ = std::max(opened_, offset + bytes);
}

Checker::Running Checker::running(std::uintptr_t code, std::size_t bytes) const {
  const auto& self = static_cast<const SimulatedThread&>(*this_thread);
  return {.thread = self.warp * kWarpLanes + self.lane,
          .warp = self.warp,
          .lane = self.lane,
          .time = ordering_.time_of(self.warp),
          .horizon = 0,
          .accepts_unwritten = false,
          .code = code,
          .bytes = bytes};
}

void Checker::give_way() {
  if (may_preempt_ && (next_random(random_) & 0xffffu) < preemption_) runner_->give_way();
}

template <Access kAccess>
void Checker::access(std::uintptr_t address, std::size_t bytes, std::uintptr_t code) {
  if (runner_ == nullptr || bytes == 0) return;
  ShadowRegion& region = shared_.contains(address) ? shared_ : global_;
  if (preemption_ != 0) give_way();
  judge<kAccess>(region, region.offset_of(address), running(code, bytes));
}

void Checker::read_for_lane(unsigned lane, std::uintptr_t address, std::size_t bytes, std::uintptr_t code) {
  ShadowRegion& region = shared_.contains(address) ? shared_ : global_;
  Running me = running(code, bytes);
  me.lane = lane;
  me.thread = me.warp * kLanes + lane;
  judge<Access::read>(region, region.offset_of(address), me);
}

template void Checker::access<Access::read>(std::uintptr_t, std::size_t, std::uintptr_t);
template void Checker::access<Access::write>(std::uintptr_t, std::size_t, std::uintptr_t);
template void Checker::access<Access::atomic>(std::uintptr_t, std::size_t, std::uintptr_t);

/// Of what is read again and again between two barriers, and was written before: one reader more, and nothing else to know.
/// False where that is not all; then nothing has been done.
inline bool Checker::joins_readers(Cell& cell, const Running& me) const {
  AccessSet& reads = cell.reads;
  const std::uint32_t epoch = ordering_.epoch();
  const bool was_written_before = cell.write_epoch < me.horizon
                                      ? me.accepts_unwritten
                                      : cell.write_epoch != epoch && cell.write_epoch >= ordering_.block_start();
  if (!was_written_before || reads.epoch != epoch || cell.atomics != 0) return false;
  const bool is_same_warp = reads.origin.thread() / kLanes == me.warp;
  if (is_same_warp && reads.time != me.time) return false;
  (is_same_warp ? reads.origin : reads.other) = Origin(me.thread, me.code);
  if (is_same_warp)
    reads.lanes |= 1u << me.lane;
  else
    reads.other_epoch = epoch;
  return true;
}

template <Access kAccess>
void Checker::judge(ShadowRegion& region, std::size_t offset, Running me) {
  if (!are_all_written(region.state(offset), me.bytes)) check_states<kAccess>(region, offset, me.bytes, me);
  // The same address in another block is other shared memory.
  me.accepts_unwritten = &region == &global_;
  me.horizon = me.accepts_unwritten ? ordering_.launch_start() : ordering_.block_start();
  for (const std::size_t end = offset + me.bytes; offset < end;) {
    const std::size_t count = std::min(4 - offset % 4, end - offset);
    visit_word<kAccess>(region, offset, count, me);
    offset += count;
  }
}

template <Access kAccess>
void Checker::check_states(ShadowRegion& region, std::size_t offset, std::size_t bytes, const Running& me) {
  ByteState* const states = region.state(offset);
  FaultKind reported = FaultKind::trap;  // none of those below
  for (std::size_t i = 0; i < bytes; ++i) {
    if (states[i] == ByteState::written) [[likely]]
      continue;
    FaultKind found = FaultKind::uninitialised_read;
    if (states[i] == ByteState::outside) {
      const std::uintptr_t address = address_of(region, offset + i);
      found = &region == &global_ && is_released(address) ? FaultKind::use_after_free : FaultKind::out_of_bounds;
      report(found, region, offset + i, me, kAccess, nullptr);
      end_launch_for(found);
    }
    if (states[i] == ByteState::pending) {
      found = FaultKind::missing_wait;
    } else {
      if (kAccess != Access::read) states[i] = ByteState::written;
      if (kAccess == Access::write) continue;
    }
    if (found != reported) report(found, region, offset + i, me, kAccess, &region.word(offset + i));
    reported = found;
  }
}

template <Access kAccess>
void Checker::visit_word(ShadowRegion& region, std::size_t offset, std::size_t bytes, const Running& me) {
  Cell& cell = region.word(offset);
  if (bytes == 4 && !cell.divided) [[likely]] {
    if (kAccess == Access::read && joins_readers(cell, me)) [[likely]]
      return;
    return touch<kAccess>(region, cell, offset, me);
  }
  if (!cell.divided) divide(region, cell, offset);
  for (std::size_t done = 0; done < bytes;) {
    const std::size_t count = std::min(2 - (offset + done) % 2, bytes - done);
    visit_half<kAccess>(region, region.half(offset + done), offset + done, count, me);
    done += count;
  }
  if (kAccess == Access::write && bytes == 4) cell = region.half(offset);  // whole again: all of it was written at once
}

template <Access kAccess>
void Checker::visit_half(ShadowRegion& region, Cell& half, std::size_t offset, std::size_t bytes, const Running& me) {
  if (bytes == 2 && !half.divided) return touch<kAccess>(region, half, offset, me);
  if (!half.divided) divide_half(region, half, offset);
  for (std::size_t i = 0; i < bytes; ++i) touch<kAccess>(region, region.byte(offset + i), offset + i, me);
  if (kAccess == Access::write && bytes == 2) half = region.byte(offset);
}

template <Access kAccess>
void Checker::touch(ShadowRegion& region, Cell& cell, std::size_t offset, const Running& me) {
  PooledSet* atomics = cell.atomics == 0 ? nullptr : atomics_of(cell);
  if (kAccess != Access::write && &region == &shared_ && cell.write_epoch < me.horizon &&
      (atomics == nullptr || atomics->epoch < me.horizon))
    report(FaultKind::uninitialised_read, region, offset, me, kAccess, nullptr);
  if (cell.write_epoch >= me.horizon &&
      !ordering_.is_ordered(cell.write_epoch, cell.write_time, cell.writer.thread(), me.thread))
    report_race(region, offset, me, kAccess, cell.writer, cell.write_epoch, Access::write);
  if (kAccess != Access::atomic && atomics != nullptr)
    if (const Conflict found = conflict_in(*atomics, me); found.epoch != 0)
      report_race(region, offset, me, kAccess, found.origin, found.epoch, Access::atomic);
  if (kAccess != Access::read)
    if (const Conflict found = conflict_in(cell.reads, me); found.epoch != 0)
      report_race(region, offset, me, kAccess, found.origin, found.epoch, Access::read);

  if constexpr (kAccess == Access::read) {
    add(cell.reads, me);
  } else if constexpr (kAccess == Access::write) {
    // What was before is ordered before this or has been reported: from here on this write stands for it.
    cell.writer = Origin(me.thread, me.code);
    cell.write_epoch = ordering_.epoch();
    cell.write_time = me.time;
    cell.reads.epoch = 0;
    cell.reads.other_epoch = 0;
    cell.atomics = 0;
  } else {
    if (atomics == nullptr) {
      pool_.emplace_back().owner = &cell;
      cell.atomics = static_cast<std::uint32_t>(pool_.size());
      atomics = &pool_.back();
    }
    add(*atomics, me);
  }
}

Checker::PooledSet* Checker::atomics_of(const Cell& cell) {
  if (cell.atomics > pool_.size()) return nullptr;
  PooledSet& set = pool_[cell.atomics - 1];
  return set.owner == &cell ? &set : nullptr;
}

void Checker::copy_atomics(const Cell& from, Cell& to) {
  const PooledSet* const set = from.atomics == 0 ? nullptr : atomics_of(from);
  to.atomics = 0;
  if (set == nullptr) return;
  PooledSet copy = *set;
  copy.owner = &to;
  pool_.push_back(copy);
  to.atomics = static_cast<std::uint32_t>(pool_.size());
}

void Checker::divide(ShadowRegion& region, Cell& cell, std::size_t offset) {
  for (const std::size_t at : {offset / 4 * 4, offset / 4 * 4 + 2}) {
    cell.divide_into(region.half(at));
    copy_atomics(cell, region.half(at));
  }
  cell.divided = 1;
}

void Checker::divide_half(ShadowRegion& region, Cell& half, std::size_t offset) {
  for (const std::size_t at : {offset / 2 * 2, offset / 2 * 2 + 1}) {
    half.divide_into(region.byte(at));
    copy_atomics(half, region.byte(at));
  }
  half.divided = 1;
}

/// Why so few are kept: blocks run one after another. An access of an earlier block conflicts with all that this block
/// does, one before the last barrier with nothing in this block, and of two warps at least one is another than mine.
Checker::Conflict Checker::conflict_in(const AccessSet& set, const Running& me) const {
  if (set.epoch < me.horizon) return {};
  if (set.epoch != ordering_.epoch()) {
    const bool is_ordered = set.epoch >= ordering_.block_start() || ordering_.has_acquired(me.thread);
    return is_ordered ? Conflict{} : Conflict{.origin = set.origin, .epoch = set.epoch};
  }
  const unsigned latest = set.origin.thread();
  if (latest / kLanes != me.warp) return {.origin = set.origin, .epoch = set.epoch};
  if (set.other_epoch == set.epoch) return {.origin = set.other, .epoch = set.epoch};
  for (std::uint32_t rest = set.lanes & ~(1u << me.lane); rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<unsigned>(__builtin_ctz(rest));
    // Of lanes that came at different times only the latest's time is known.
    if (set.mixed && lane != latest % kLanes) continue;
    if (!ordering_.lane_knows(me.warp, me.lane, lane, set.time))
      return {.origin = Origin(me.warp * kLanes + lane, set.origin.code()), .epoch = set.epoch};
  }
  return {};
}

void Checker::add(AccessSet& set, const Running& me) const {
  const std::uint32_t epoch = ordering_.epoch();
  const Origin mine(me.thread, me.code);
  const auto start_anew = [&] {
    set.origin = mine;
    set.epoch = epoch;
    set.time = me.time;
    set.mixed = 0;
    set.lanes = 1u << me.lane;
  };
  if (set.epoch != epoch) {
    const bool is_ordered =
        set.epoch < me.horizon || set.epoch >= ordering_.block_start() || ordering_.has_acquired(me.thread);
    if (!is_ordered) return;  // conflicts with every other block, which is all that there is to know
    start_anew();
    set.other_epoch = 0;
    return;
  }
  if (set.origin.thread() / kLanes != me.warp) {
    set.other_epoch = epoch;
    set.other = mine;
    return;
  }
  if (set.time != me.time) {
    std::uint32_t rest = set.lanes;
    while (rest != 0 && ordering_.lane_knows(me.warp, me.lane, static_cast<unsigned>(__builtin_ctz(rest)), set.time))
      rest &= rest - 1;
    if (rest == 0) return start_anew();  // all before this one are ordered before it
    set.mixed = 1;
  }
  set.origin = mine;
  set.time = me.time;
  set.lanes |= 1u << me.lane;
}

}  // namespace lockstep::simt::check
