// SPDX-License-Identifier: Apache-2.0
// What the emulator says when the threads of a block do what CUDA leaves undefined.
#include <bit>
#include <cstdio>

#include "harness/simt/block_runner.hpp"

namespace lockstep::simt {
namespace {

std::string hexadecimal(std::uint32_t mask) {
  char digits[11];
  std::snprintf(digits, sizeof(digits), "0x%08x", mask);
  return digits;
}

std::string lane_text(unsigned lane) { return "lane " + std::to_string(lane); }

}  // namespace

void BlockRunner::record_fault(FaultKind kind, SourcePlace place, const std::string& what) {
  const auto& index = this_thread->index;
  failure_ = std::make_exception_ptr(KernelFault(kind, std::string(name(kind)) + " in block " + text(block_index()) +
                                                           ", thread " + text(Coordinates{index.x, index.y, index.z}) +
                                                           (place.line > 0 ? " at " + text(place) : std::string()) +
                                                           ": " + what));
}

void BlockRunner::fail_divergent(SourcePlace place) {
  record_fault(FaultKind::divergent_barrier, place,
               "this thread waits here, while " + std::to_string(arrived_) + " of " + std::to_string(thread_count_) +
                   " threads wait at another barrier, " + text(barrier_));
  fail();
}

void BlockRunner::check_lanes(const SimulatedWarp& warp, unsigned mask, unsigned lane, SourcePlace place) {
  if (!((mask >> lane) & 1u))
    record_fault(FaultKind::mask_without_self, place,
                 "mask " + hexadecimal(mask) + " does not name the calling " + lane_text(lane));
  else
    record_fault(FaultKind::absent_lane, place,
                 "mask " + hexadecimal(mask) + " names lanes " + hexadecimal(mask & ~warp.present) +
                     " that have exited or do not exist");
  fail();
}

void BlockRunner::check_same_operation(const SimulatedWarp& warp, unsigned mask, unsigned lane) {
  for (unsigned other = 0; other < kWarpLanes; ++other) {
    if (!((mask >> other) & 1u)) continue;
    if (warp.mask[other] == mask && warp.operation[other] == warp.operation[lane]) continue;
    record_fault(FaultKind::mismatched_collective, warp.place[lane],
                 std::string(warp.operation[lane]->name) + " with mask " + hexadecimal(mask) + ", but " +
                     lane_text(other) + " waits in " + warp.operation[other]->name + " with mask " +
                     hexadecimal(warp.mask[other]) + " at " + text(warp.place[other]));
    fail();
  }
}

void BlockRunner::check_exit(const SimulatedWarp& warp, unsigned lane) {
  for (unsigned other = 0; other < kWarpLanes; ++other) {
    if (!((warp.waiting >> other) & 1u) || !((warp.mask[other] >> lane) & 1u)) continue;
    record_fault(FaultKind::absent_lane, warp.place[other],
                 lane_text(lane) + " exited, and " + lane_text(other) + " waits for it in " +
                     warp.operation[other]->name + " with mask " + hexadecimal(warp.mask[other]));
    fail();
  }
}

void BlockRunner::check_copies() {
  const SourcePlace* started = copies_.first_unfinished(running_thread());
  if (started == nullptr) return;
  record_fault(FaultKind::missing_wait, *started, "the thread exits without having waited for the copy started here");
  fail();
}

/// Called when no thread is left that could run.
void BlockRunner::record_stall() {
  bool lanes_wait = false;
  for (unsigned i = 0; i < warp_count_; ++i) lanes_wait |= warps_[i].waiting != 0;
  if (lanes_wait) {
    record_fault(FaultKind::deadlock, {}, "nobody can run: " + describe_waiting());
  } else {
    record_fault(FaultKind::divergent_barrier, barrier_,
                 std::to_string(arrived_) + " of " + std::to_string(thread_count_) + " threads wait here, the other " +
                     std::to_string(thread_count_ - arrived_) + " have exited");
  }
}

std::string BlockRunner::describe_waiting() const {
  constexpr int kMostGroups = 12;  // the message stays one readable line
  std::string description;
  if (arrived_ > 0)
    description += std::to_string(arrived_) + " of " + std::to_string(thread_count_) +
                   " threads wait for the block at " + text(barrier_) + "; ";
  int groups = 0;
  for (unsigned i = 0; i < warp_count_; ++i) {
    const SimulatedWarp& warp = warps_[i];
    for (std::uint32_t rest = warp.waiting; rest != 0;) {
      const auto first = static_cast<unsigned>(std::countr_zero(rest));
      std::uint32_t group = 0;  // the lanes that wait for the same at the same place
      for (unsigned lane = first; lane < kWarpLanes; ++lane)
        if (((rest >> lane) & 1u) && warp.mask[lane] == warp.mask[first] &&
            warp.operation[lane] == warp.operation[first] && warp.place[lane].line == warp.place[first].line)
          group |= 1u << lane;
      rest &= ~group;
      if (++groups > kMostGroups) continue;
      description += "warp " + std::to_string(i) + " lanes " + hexadecimal(group) + " wait for " +
                     hexadecimal(warp.mask[first]) + " in " + warp.operation[first]->name + " at " +
                     text(warp.place[first]) + "; ";
    }
  }
  if (groups > kMostGroups) description += std::to_string(groups - kMostGroups) + " more groups; ";
  return description + std::to_string(thread_count_ - unfinished_) + " threads have exited";
}

void throw_absent_source(unsigned lane, unsigned source, unsigned mask) {
  BlockRunner& runner = *BlockRunner::active();
  runner.record_fault(
      FaultKind::absent_lane, runner.waiting_place(lane),
      lane_text(lane) + " reads from " + lane_text(source) + ", which mask " + hexadecimal(mask) + " does not name");
  runner.fail();
}

void throw_bad_argument(const char* what, long long value, const char* accepted, const char* file, int line) {
  throw Error(std::string(what) + " at " + text(SourcePlace{file, line}) + " is " + std::to_string(value) +
              ", accepted are " + accepted);
}

void throw_trap(const char* file, int line) {
  BlockRunner& runner = *BlockRunner::active();
  runner.record_fault(FaultKind::trap, {file, line}, "the kernel called __trap()");
  runner.fail();
}

}  // namespace lockstep::simt
