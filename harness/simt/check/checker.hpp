// SPDX-License-Identifier: Apache-2.0
// Judges each access of a kernel against what the shadow remembers of its bytes.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "harness/simt/check/findings.hpp"
#include "harness/simt/check/ordering.hpp"
#include "harness/simt/check/shadow.hpp"
#include "harness/simt/settings.hpp"

namespace lockstep::simt {
class BlockRunner;
}

namespace lockstep::simt::check {

inline constexpr std::size_t kSharedBytes = 1024 * 1024;  // an arena's
// Addresses alone: tensors whose rows lie 2^31 elements apart shall fit.
inline constexpr std::size_t kGlobalBytes = std::size_t{128} << 30;

class Checker {
 public:
  static Checker& instance();

  /// An access of the running thread to memory that is watched. Where the bytes are nobody's it ends the launch: the access
  /// is never made.
  template <Access kAccess>
  void access(std::uintptr_t address, std::size_t bytes, std::uintptr_t code);
  /// Whether the address is in memory that is looked after.
  bool watches(std::uintptr_t address) const { return shared_.contains(address) || global_.contains(address); }
  /// The same for another lane of the running thread's warp.
  void read_for_lane(unsigned lane, std::uintptr_t address, std::size_t bytes, std::uintptr_t code);
  /// Ends the launch.
  void report_misaligned(std::uintptr_t address, std::size_t alignment, SourcePlace place);

  void begin_launch(BlockRunner& runner, const Settings& settings);
  void end_launch() { runner_ = nullptr; }
  void begin_block(std::int64_t number);

  void begin_shared(const void* memory);
  void open_shared(const void* data, std::size_t bytes);

  ShadowRegion& shared() { return shared_; }
  ShadowRegion& global() { return global_; }
  Ordering& ordering() { return ordering_; }
  Findings& findings() { return findings_; }
  std::mutex& launch_turn() { return launch_turn_; }
  /// Whether the launch was ended here, because it could not go on.
  bool ended_launch() const { return ended_launch_; }
  /// Accesses of kernels so far, to memory of any kind.
  std::uint64_t accesses() const { return accesses_; }
  void count_access() { ++accesses_; }
  /// While false, threads are not preempted.
  void allow_preemption(bool allowed) { may_preempt_ = allowed; }

 private:
  struct Running {  // who makes the access
    unsigned thread, warp, lane;
    std::uint32_t time;
    std::uint32_t horizon;   // what is older than this epoch concerns other memory, or another launch
    bool accepts_unwritten;  // memory whose bytes, not whose cells, know whether they were written: global
    std::uintptr_t code;
    std::size_t bytes;  // of the whole access
  };
  struct PooledSet : AccessSet {
    const Cell* owner = nullptr;
  };

  Checker();
  Running running(std::uintptr_t code, std::size_t bytes) const;
  template <Access kAccess>
  void judge(ShadowRegion& region, std::size_t offset, Running me);
  template <Access kAccess>
  void visit_word(ShadowRegion& region, std::size_t offset, std::size_t bytes, const Running& me);
  template <Access kAccess>
  void visit_half(ShadowRegion& region, Cell& half, std::size_t offset, std::size_t bytes, const Running& me);
  bool joins_readers(Cell& cell, const Running& me) const;
  template <Access kAccess>
  void touch(ShadowRegion& region, Cell& cell, std::size_t offset, const Running& me);
  template <Access kAccess>
  void check_states(ShadowRegion& region, std::size_t offset, std::size_t bytes, const Running& me);

  void divide(ShadowRegion& region, Cell& cell, std::size_t offset);
  void divide_half(ShadowRegion& region, Cell& half, std::size_t offset);
  PooledSet* atomics_of(const Cell& cell);
  void copy_atomics(const Cell& from, Cell& to);
  void add(AccessSet& set, const Running& me) const;
  struct Conflict {
    Origin origin;
    std::uint32_t epoch = 0;  // 0: none
  };
  Conflict conflict_in(const AccessSet& set, const Running& me) const;

  void give_way();
  void report_race(const ShadowRegion& region, std::size_t offset, const Running& me, Access now, Origin before,
                   std::uint32_t epoch, Access earlier);
  void report(FaultKind kind, const ShadowRegion& region, std::size_t offset, const Running& me, Access now,
              const Cell* pending);
  [[noreturn]] void end_launch_for(FaultKind kind);
  std::string whereabouts(const ShadowRegion& region, std::size_t offset) const;
  std::uintptr_t address_of(const ShadowRegion& region, std::size_t offset) const;
  Actor actor(unsigned thread, std::int64_t block, std::uintptr_t code) const;

  ShadowRegion shared_, global_;
  Ordering ordering_;
  Findings findings_;
  std::vector<PooledSet> pool_;
  std::size_t opened_ = 0;  // end of the shared arrays, as an offset
  BlockRunner* runner_ = nullptr;
  std::int64_t block_ = 0;
  std::uint64_t accesses_ = 0, seed_ = 0, random_ = 1;
  std::uint32_t preemption_ = 0;  // of 65536
  bool may_preempt_ = true, ended_launch_ = false;
  std::mutex launch_turn_;
};

}  // namespace lockstep::simt::check
