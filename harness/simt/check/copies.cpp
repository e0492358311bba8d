// SPDX-License-Identifier: Apache-2.0
// Accesses that the runtime makes for a thread: asynchronous copies, and the loads of matrix units.
#include "harness/simt/block_runner.hpp"
#include "harness/simt/check/checker.hpp"
#include "harness/simt/check/source_lines.hpp"
#include "harness/simt/check_mode.hpp"

namespace lockstep::simt::check {
namespace {

std::uintptr_t number(const void* address) { return reinterpret_cast<std::uintptr_t>(address); }

/// The runtime is in the middle of something: nobody else may run.
class Uninterrupted {
 public:
  Uninterrupted() { Checker::instance().allow_preemption(false); }
  ~Uninterrupted() { Checker::instance().allow_preemption(true); }
};

void set_shared_state(const void* shared, std::size_t bytes, ByteState state) {
  ShadowRegion& region = Checker::instance().shared();
  if (region.contains(number(shared))) region.set_state(region.offset_of(number(shared)), bytes, state);
}

}  // namespace

void start_copy(const void* shared, std::size_t bytes, const void* global, std::size_t read_bytes, SourcePlace place) {
  const Uninterrupted uninterrupted;
  Checker& checker = Checker::instance();
  const std::uintptr_t code = place_code(place);
  if (read_bytes > 0 && checker.watches(number(global))) checker.access<Access::read>(number(global), read_bytes, code);
  if (!checker.watches(number(shared))) return;
  // The copy may arrive at any time from now on.
  checker.access<Access::write>(number(shared), bytes, code);
  set_shared_state(shared, bytes, ByteState::pending);
}

void finish_copy(const void* shared, std::size_t bytes, SourcePlace place) {
  const Uninterrupted uninterrupted;
  set_shared_state(shared, bytes, ByteState::written);
  // And has arrived, for this thread, now: what the others may know of it begins here.
  Checker& checker = Checker::instance();
  if (checker.watches(number(shared))) checker.access<Access::write>(number(shared), bytes, place_code(place));
}

void read_for_lane(unsigned lane, const void* address, std::size_t bytes, SourcePlace place) {
  Checker& checker = Checker::instance();
  if (checker.watches(number(address))) checker.read_for_lane(lane, number(address), bytes, place_code(place));
}

}  // namespace lockstep::simt::check
