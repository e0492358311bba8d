// SPDX-License-Identifier: Apache-2.0
// What the check mode remembers of each byte of a block's shared memory and of the device's global memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lockstep::simt::check {

enum class Access : std::uint8_t { read, write, atomic };

/// Who made an access and where in the code: the thread's index in its block, and a code address or, tagged by
/// place_code() of source_lines.hpp, a place that the runtime knows by file and line.
class Origin {
 public:
  Origin() = default;
  Origin(unsigned thread, std::uintptr_t code) : bits_(std::uint64_t{thread} << 48 | code) {}
  unsigned thread() const { return static_cast<unsigned>(bits_ >> 48); }
  std::uintptr_t code() const { return bits_ & ((std::uintptr_t{1} << 48) - 1); }

 private:
  std::uint64_t bits_ = 0;
};

/// Accesses that do not conflict with one another: reads, or atomic operations. Kept is what decides whether any of them
/// conflicts with a later access: the latest warp's lanes, and one access by any other warp between the same barriers.
struct AccessSet {
  Origin origin;            // of the latest
  std::uint32_t epoch = 0;  // when, between which barriers; 0: empty
  std::uint32_t time : 31 = 0;
  std::uint32_t mixed : 1 = 0;  // the lanes came at different times, of which `time` is the latest
  std::uint32_t lanes = 0;
  std::uint32_t other_epoch = 0;
  Origin other;
};

/// The last write and what read since, of a word, half a word or a byte.
struct alignas(64) Cell {
  Origin writer;
  std::uint32_t write_epoch = 0, write_time = 0;
  AccessSet reads;
  std::uint32_t atomics = 0;  // position in the pool of sets, from 1; valid if that set names this cell
  std::uint32_t divided = 0;  // what counts are the cells of the halves

  void divide_into(Cell& half) const {
    half = *this;
    half.divided = 0;
  }
};
static_assert(sizeof(Cell) == 64);

/// What a byte may be used for. Anything but `written` makes an access worth a closer look.
enum class ByteState : std::uint8_t {
  outside = 0,    // of every array and allocation
  unwritten = 1,  // global memory: nobody has written it
  written = 2,    // all of shared memory, whose cells know what was written
  pending = 3,    // an asynchronous copy's destination, before the wait
};

/// Shadow of one range of addresses. Mapped for as many cells as could be needed, each page of it on first use; so no
/// cell is searched for, and memory that nobody touches costs nothing. Throws Error if the system has no address space.
class ShadowRegion {
 public:
  explicit ShadowRegion(std::size_t bytes);
  ShadowRegion(const ShadowRegion&) = delete;
  ShadowRegion& operator=(const ShadowRegion&) = delete;

  void place(const void* base) { base_ = reinterpret_cast<std::uintptr_t>(base); }
  std::uintptr_t base() const { return base_; }
  bool contains(std::uintptr_t address) const { return address - base_ < bytes_; }
  std::size_t offset_of(std::uintptr_t address) const { return address - base_; }
  Cell& word(std::size_t offset) const { return words_[offset / 4]; }
  Cell& half(std::size_t offset) const { return halves_[offset / 2]; }
  Cell& byte(std::size_t offset) const { return single_bytes_[offset]; }
  ByteState* state(std::size_t offset) const { return states_ + offset; }
  void set_state(std::size_t offset, std::size_t bytes, ByteState state);
  /// Forgets what happened in whole pages of 4096 bytes and gives the memory back; all of them become `outside`.
  void forget(std::size_t offset, std::size_t bytes);
  /// Forgets all accesses, not the states.
  void forget_accesses();

 private:
  std::uintptr_t base_ = 1;  // contains nothing before place()
  std::size_t bytes_ = 0;
  Cell *words_, *halves_, *single_bytes_;
  ByteState* states_;
};

}  // namespace lockstep::simt::check
