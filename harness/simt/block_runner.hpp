// SPDX-License-Identifier: Apache-2.0
// Runs the threads of one block as fibers of one OS thread.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <string>

#include "harness/simt/async_copies.hpp"
#include "harness/simt/execution.hpp"
#include "harness/simt/fiber.hpp"
#include "harness/simt/kernel_fault.hpp"
#include "harness/simt/planted_fault.hpp"
#include "harness/simt/settings.hpp"
#include "harness/simt/shared_arena.hpp"

namespace lockstep::simt {

struct alignas(64) SimulatedThread : ThreadView {  // one line of the cache (with the switch of our own)
  std::uint32_t warp = 0;
  const Stack* stack = nullptr;  // null: not started in this block, or finished
  FiberContext context;
};

/// Lanes by state, one bit each: every lane is ready, running, waiting for lanes, at the barrier of the block, or
/// exited.
struct SimulatedWarp {
  std::uint32_t ready = 0;
  std::uint32_t waiting = 0;
  std::uint32_t present = 0;  // exists and has not exited
  std::uint32_t at_barrier = 0;
  // The mask and operation of the lane that came first; `mixed` if a later one, while it waits, came with others.
  std::uint32_t first_mask = 0;
  const WarpOperation* first_operation = nullptr;
  bool mixed = false;
  // What each waiting lane waits for.
  std::uint32_t mask[kWarpLanes];
  const WarpOperation* operation[kWarpLanes];
  SourcePlace place[kWarpLanes];
};

/// A block is run to its end by switching between fibers whenever a thread has to wait. A warp runs as far as it can
/// before the next one starts, which keeps its stacks in the first-level cache; a thread that ends hands its stack to
/// the next that starts, so a kernel without barriers never switches. One runner per OS thread; not reentrant.
class BlockRunner {
 public:
  BlockRunner();
  BlockRunner(const BlockRunner&) = delete;
  BlockRunner& operator=(const BlockRunner&) = delete;

  /// The runner of this OS thread.
  static BlockRunner& of_this_thread();
  /// The same without creating it, for signal handlers: null if there is none yet.
  static BlockRunner* active();

  void begin_launch(const LaunchShape& shape, const Settings& settings, KernelBody body, const void* bound_arguments);
  /// Runs one block; throws what its kernel threw, or the fault.
  void run(std::int64_t block_number);

  SharedArena& arena() { return arena_; }
  AsyncCopies& copies() { return copies_; }
  /// The linear index of the running thread in its block.
  unsigned running_thread() const;
  Coordinates thread_coordinates(unsigned thread) const;
  Coordinates block_coordinates(std::int64_t block_number) const;
  Coordinates block_index() const { return {block_.index.x, block_.index.y, block_.index.z}; }

  // Called by running threads.
  void wait_for_block(SourcePlace place);
  unsigned count_over_block(bool predicate, SourcePlace place);
  void wait_for_lanes(unsigned mask, const WarpOperation& operation, const void* context, SourcePlace place);
  /// Lets another thread that is ready run first, if the order says so.
  void give_way();
  /// The running thread's fault, to be thrown by launch(): `fail` leaves the block at once, without unwinding the
  /// kernel, so that a kernel cannot swallow a fault by catching it.
  void record_fault(FaultKind kind, SourcePlace place, const std::string& what);
  [[noreturn]] void fail();
  /// Where this lane of the running warp waits.
  SourcePlace waiting_place(unsigned lane) const { return warps_[running_warp_].place[lane]; }

  /// For the handler of memory faults, and safe in one: the stack of the running fiber if `address` lies in its guard.
  const Stack* overflowed_stack(const void* address) const;
  /// Where the handler lets a fiber that ran out of its stack continue, on that stack emptied: ends the block.
  [[noreturn]] static void fail_with_stack_overflow();

 private:
  [[noreturn]] static void fiber_main();
  void finish_running_thread();
  SimulatedThread& running() const;
  SimulatedThread* take_next();
  SimulatedThread* take_random();
  void switch_to_next(SimulatedThread& from);
  void place_threads(const dialect::dim3& dimensions);
  // What goes wrong, out of the way of what does not (block_faults.cpp).
  void check_lanes(const SimulatedWarp& warp, unsigned mask, unsigned lane, SourcePlace place);
  void check_same_operation(const SimulatedWarp& warp, unsigned mask, unsigned lane);
  void check_exit(const SimulatedWarp& warp, unsigned lane);
  void check_copies();
  void fail_divergent(SourcePlace place);
  void record_stall();
  std::string describe_waiting() const;
  void abandon_fibers();

  // The threads of the block in order of their linear index; thread i is lane i % 32 of warp i / 32.
  std::unique_ptr<SimulatedThread[]> threads_;
  std::unique_ptr<SimulatedWarp[]> warps_;
  std::unique_ptr<WarpExchange[]> exchanges_;
  BlockView block_{};
  unsigned thread_count_ = 0, warp_count_ = 0;
  Order order_ = Order::forward;
  std::uint64_t seed_ = 0, random_state_ = 0;
  PlantedFaultScope* planted_ = nullptr;
  KernelBody body_ = nullptr;
  const void* bound_arguments_ = nullptr;

  std::uint32_t ready_warps_ = 0;  // bit i: warp i has a ready lane
  unsigned running_warp_ = 0;
  unsigned unfinished_ = 0;
  unsigned arrived_ = 0;  // at the barrier of the block
  SourcePlace barrier_;
  unsigned predicates_ = 0, counted_predicates_ = 0;
  std::exception_ptr failure_;

  FiberContext host_;     // the OS thread's own stack
  FiberContext nowhere_;  // of fibers that end
  StackPool stacks_;
  SharedArena arena_;
  AsyncCopies copies_;
};

}  // namespace lockstep::simt
