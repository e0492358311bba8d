// SPDX-License-Identifier: Apache-2.0
// The inner loop of the emulator: who runs next. Everything that happens once per barrier and thread is here, in one
// translation unit, so that it compiles to one function without calls.
#include "harness/simt/block_runner.hpp"

#include <bit>
#include <utility>

#include "harness/simt/check_mode.hpp"

namespace lockstep::simt {

__thread const ThreadView* this_thread = nullptr;
__thread const BlockView* this_block = nullptr;

namespace {

__thread BlockRunner* active_runner = nullptr;

std::uint64_t mix(std::uint64_t bits) {  // the finaliser of splitmix64
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9ull;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebull;
  return bits ^ (bits >> 31);
}

constexpr std::uint32_t bit(unsigned position) { return std::uint32_t{1} << position; }

std::uint32_t first_bits(unsigned count) { return count >= 32 ? ~std::uint32_t{0} : bit(count) - 1; }

/// The first set bit at or after `start`, cyclically: fair enough for a random order, and cheap.
unsigned cyclic_first(std::uint32_t set, unsigned start) {
  return (static_cast<unsigned>(std::countr_zero(std::rotr(set, static_cast<int>(start)))) + start) & 31u;
}

unsigned first_in_order(std::uint32_t set, Order order) {
  return static_cast<unsigned>(order == Order::reverse ? 31 - std::countl_zero(set) : std::countr_zero(set));
}

}  // namespace

BlockRunner::BlockRunner()
    : threads_(new SimulatedThread[kMaximumBlockThreads]),
      warps_(new SimulatedWarp[kMaximumBlockThreads / kWarpLanes]),
      exchanges_(new WarpExchange[kMaximumBlockThreads / kWarpLanes]()) {
  adopt_thread(host_);
}

BlockRunner& BlockRunner::of_this_thread() {
  thread_local BlockRunner runner;
  active_runner = &runner;
  return runner;
}

BlockRunner* BlockRunner::active() { return active_runner; }

void BlockRunner::place_threads(const dialect::dim3& dimensions) {
  if (thread_count_ != 0 && block_.dimensions.x == dimensions.x && block_.dimensions.y == dimensions.y &&
      block_.dimensions.z == dimensions.z)
    return;
  block_.dimensions = dimensions;
  thread_count_ = dimensions.x * dimensions.y * dimensions.z;
  warp_count_ = (thread_count_ + kWarpLanes - 1) / kWarpLanes;
  for (unsigned i = 0; i < thread_count_; ++i) {
    SimulatedThread& thread = threads_[i];
    thread.index = {i % dimensions.x, i / dimensions.x % dimensions.y, i / (dimensions.x * dimensions.y)};
    thread.lane = i % kWarpLanes;
    thread.warp = i / kWarpLanes;
    thread.exchange = &exchanges_[thread.warp];
  }
}

Coordinates BlockRunner::block_coordinates(std::int64_t block_number) const {
  const auto number = static_cast<std::uint64_t>(block_number);
  const std::uint64_t columns = block_.grid_dimensions.x, rows = block_.grid_dimensions.y;
  return {static_cast<unsigned>(number % columns), static_cast<unsigned>(number / columns % rows),
          static_cast<unsigned>(number / (columns * rows))};
}

Coordinates BlockRunner::thread_coordinates(unsigned thread) const {
  const dialect::uint3& index = threads_[thread].index;
  return {index.x, index.y, index.z};
}

void BlockRunner::begin_launch(const LaunchShape& shape, const Settings& settings, KernelBody body,
                               const void* bound_arguments) {
  const auto extents = [](const LaunchExtent& extent) {
    return dialect::dim3(static_cast<unsigned>(extent.x), static_cast<unsigned>(extent.y),
                         static_cast<unsigned>(extent.z));
  };
  place_threads(extents(shape.block));
  block_.grid_dimensions = extents(shape.grid);
  order_ = settings.order;
  seed_ = settings.seed;
  planted_ = settings.os_threads == 1 ? PlantedFaultScope::current() : nullptr;
  body_ = body;
  bound_arguments_ = bound_arguments;
  arena_.begin_launch(shape);
}

void BlockRunner::run(std::int64_t block_number) {
  const auto number = static_cast<std::uint64_t>(block_number);
  const Coordinates index = block_coordinates(block_number);
  block_.index = {index.x, index.y, index.z};
  for (unsigned i = 0; i < warp_count_; ++i) {
    SimulatedWarp& warp = warps_[i];
    warp.ready = warp.present = first_bits(thread_count_ - i * kWarpLanes);
    warp.waiting = warp.at_barrier = 0;
  }
  ready_warps_ = first_bits(warp_count_);
  running_warp_ = first_in_order(ready_warps_, order_);
  unfinished_ = thread_count_;
  arrived_ = predicates_ = 0;
  random_state_ = mix(seed_ + 0x9e3779b97f4a7c15ull * (number + 1));
  if constexpr (check::kIsOn) check::begin_block(block_number);
  arena_.begin_block();
  if (copies_.unfinished() != 0) copies_.forget();  // of a block that failed

  SimulatedThread& first = *take_next();
  first.stack = stacks_.take();
  prepare_fiber(first.context, *first.stack, &BlockRunner::fiber_main);
  this_block = &block_;
  this_thread = &first;
  switch_fiber(host_, first.context);
  this_thread = nullptr;
  this_block = nullptr;
  if (failure_) {
    abandon_fibers();
    std::rethrow_exception(std::exchange(failure_, nullptr));
  }
  arena_.check_guards(block_index());
}

void BlockRunner::fiber_main() {
  enter_fiber();
  BlockRunner& runner = *active_runner;
  for (;;) {
    try {
      runner.body_(runner.bound_arguments_);
    } catch (...) {
      runner.failure_ = std::current_exception();
    }
    if (runner.failure_) runner.fail();
    runner.finish_running_thread();
  }
}

void BlockRunner::fail() { leave_fiber(nowhere_, host_); }

inline SimulatedThread& BlockRunner::running() const {
  return const_cast<SimulatedThread&>(static_cast<const SimulatedThread&>(*this_thread));
}

unsigned BlockRunner::running_thread() const { return static_cast<unsigned>(&running() - threads_.get()); }

/// Returns when the next thread shall start on the same stack.
void BlockRunner::finish_running_thread() {
  SimulatedThread& self = running();
  SimulatedWarp& warp = warps_[running_warp_];
  warp.present &= ~bit(self.lane);
  if (warp.waiting != 0) check_exit(warp, self.lane);
  if (copies_.unfinished() != 0) check_copies();
  if (--unfinished_ == 0) {
    stacks_.give_back(std::exchange(self.stack, nullptr));
    leave_fiber(nowhere_, host_);
  }
  SimulatedThread* next = take_next();
  if (next == nullptr) {
    record_stall();
    fail();
  }
  const Stack* stack = std::exchange(self.stack, nullptr);
  this_thread = next;
  if (next->stack == nullptr) {
    next->stack = stack;
    note_stack(next->context, *stack);
    return;
  }
  stacks_.give_back(stack);
  leave_fiber(nowhere_, next->context);
}

SimulatedThread* BlockRunner::take_random() {
  if (ready_warps_ == 0) return nullptr;
  random_state_ ^= random_state_ << 13;
  random_state_ ^= random_state_ >> 7;
  random_state_ ^= random_state_ << 17;
  running_warp_ = cyclic_first(ready_warps_, static_cast<unsigned>(random_state_ >> 32) & 31u);
  SimulatedWarp& warp = warps_[running_warp_];
  const unsigned lane = cyclic_first(warp.ready, static_cast<unsigned>(random_state_ >> 40) & 31u);
  warp.ready &= ~bit(lane);
  if (warp.ready == 0) ready_warps_ &= ~bit(running_warp_);
  return &threads_[running_warp_ * kWarpLanes + lane];
}

/// The thread to run next, or null if all wait or have exited.
inline SimulatedThread* BlockRunner::take_next() {
  if (order_ == Order::random) [[unlikely]]
    return take_random();
  SimulatedWarp* warp = &warps_[running_warp_];
  if (warp->ready == 0) {
    if (ready_warps_ == 0) return nullptr;
    running_warp_ = first_in_order(ready_warps_, order_);
    warp = &warps_[running_warp_];
  }
  const unsigned lane = first_in_order(warp->ready, order_);
  warp->ready &= ~bit(lane);
  if (warp->ready == 0) ready_warps_ &= ~bit(running_warp_);
  return &threads_[running_warp_ * kWarpLanes + lane];
}

inline void BlockRunner::switch_to_next(SimulatedThread& from) {
  SimulatedThread* next = take_next();
  if (next == nullptr) [[unlikely]] {
    record_stall();
    fail();
  }
  if (next == &from) return;
  if (next->stack == nullptr) {
    next->stack = stacks_.take();
    prepare_fiber(next->context, *next->stack, &BlockRunner::fiber_main);
  }
  this_thread = next;
  switch_fiber(from.context, next->context);
}

inline void BlockRunner::wait_for_block(SourcePlace place) {
  if (planted_ != nullptr && planted_->passes_barrier(place)) [[unlikely]]
    return;
  SimulatedThread& self = running();
  if (arrived_ == 0) {
    barrier_ = place;
  } else if (!same_place(barrier_, place)) [[unlikely]] {
    fail_divergent(place);
  }
  warps_[running_warp_].at_barrier |= bit(self.lane);
  if (++arrived_ == thread_count_) {
    for (unsigned i = 0; i < warp_count_; ++i) warps_[i].ready = std::exchange(warps_[i].at_barrier, 0);
    ready_warps_ = first_bits(warp_count_);
    running_warp_ = first_in_order(ready_warps_, order_);
    arrived_ = 0;
    if constexpr (check::kIsOn) check::pass_barrier();
    counted_predicates_ = std::exchange(predicates_, 0);
  }
  switch_to_next(self);
}

inline unsigned BlockRunner::count_over_block(bool predicate, SourcePlace place) {
  predicates_ += predicate;
  wait_for_block(place);
  // Overwritten only when all threads have come to the next barrier, and so have read it.
  return counted_predicates_;
}

inline void BlockRunner::wait_for_lanes(unsigned mask, const WarpOperation& operation, const void* context,
                                        SourcePlace place) {
  SimulatedThread& self = running();
  SimulatedWarp& warp = warps_[running_warp_];
  const unsigned lane = self.lane;
  if (planted_ != nullptr && planted_->passes_lanes(place, mask, lane)) [[unlikely]]
    return;
  if (!(mask & bit(lane)) || (mask & ~warp.present)) [[unlikely]]
    check_lanes(warp, mask, lane, place);
  warp.mask[lane] = mask;
  warp.operation[lane] = &operation;
  warp.place[lane] = place;
  if (warp.waiting == 0) {
    warp.first_mask = mask;
    warp.first_operation = &operation;
    warp.mixed = false;
  } else if (warp.first_mask != mask || warp.first_operation != &operation) {
    warp.mixed = true;
  }
  warp.waiting |= bit(lane);
  if ((warp.waiting & mask) == mask) {
    if (warp.mixed) check_same_operation(warp, mask, lane);
    operation.complete(exchanges_[running_warp_], mask, context);
    warp.waiting &= ~mask;
    warp.ready |= mask;
    ready_warps_ |= bit(running_warp_);
  }
  switch_to_next(self);
}

void BlockRunner::give_way() {
  SimulatedThread& self = running();
  warps_[running_warp_].ready |= bit(self.lane);
  ready_warps_ |= bit(running_warp_);
  switch_to_next(self);
}

void BlockRunner::abandon_fibers() {
  for (unsigned i = 0; i < thread_count_; ++i)
    if (threads_[i].stack != nullptr) stacks_.give_back(std::exchange(threads_[i].stack, nullptr));
}

void wait_for_block(const char* file, int line) { active_runner->wait_for_block({file, line}); }

unsigned count_over_block(bool predicate, const char* file, int line) {
  return active_runner->count_over_block(predicate, {file, line});
}

void wait_for_lanes(unsigned mask, const WarpOperation& operation, const void* context, const char* file, int line) {
  active_runner->wait_for_lanes(mask, operation, context, {file, line});
}

void* shared_array(const SharedDeclaration& declaration, std::size_t bytes, std::size_t alignment) {
  return active_runner->arena().find_or_declare(declaration, bytes, alignment);
}

void* dynamic_shared_memory(const SharedDeclaration& declaration) {
  return active_runner->arena().dynamic_memory(declaration);
}

}  // namespace lockstep::simt
