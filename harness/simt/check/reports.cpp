// SPDX-License-Identifier: Apache-2.0
// How the checker tells what it found, and what it does at the borders of launches.
#include <string>

#include "harness/simt/annotations.hpp"
#include "harness/simt/block_runner.hpp"
#include "harness/simt/check/checker.hpp"
#include "harness/simt/check/registry.hpp"
#include "harness/simt/check/source_lines.hpp"
#include "harness/simt/check_mode.hpp"

namespace lockstep::simt::check {
namespace {

std::string action(Access access, std::size_t bytes) {
  const std::string count = std::to_string(bytes) + " bytes";
  switch (access) {
    case Access::read: return "reads " + count;
    case Access::write: return "writes " + count;
    case Access::atomic: break;
  }
  return "changes atomically " + count;
}

const char* done(Access access) {
  return access == Access::read ? "read" : access == Access::write ? "wrote" : "changed atomically";
}

}  // namespace

Actor Checker::actor(unsigned thread, std::int64_t block, std::uintptr_t code) const {
  return {.block = runner_->block_coordinates(block),
          .thread = runner_->thread_coordinates(thread),
          .code = code,
          .action = {}};
}

std::uintptr_t Checker::address_of(const ShadowRegion& region, std::size_t offset) const {
  return region.base() + offset;
}

std::string Checker::whereabouts(const ShadowRegion& region, std::size_t offset) const {
  const std::uintptr_t address = address_of(region, offset);
  return &region == &shared_ ? runner_->arena().describe(reinterpret_cast<const void*>(address))
                             : describe_global_address(address);
}

void Checker::report_race(const ShadowRegion& region, std::size_t offset, const Running& me, Access now, Origin before,
                          std::uint32_t epoch, Access earlier) {
  if (findings_.find(FaultKind::race, me.code, before.code()) != nullptr || !findings_.has_room()) return;
  Finding finding;
  finding.kind = FaultKind::race;
  finding.now = actor(me.thread, block_, me.code);
  finding.now.action = action(now, me.bytes);
  finding.before = actor(before.thread(), ordering_.block_at(epoch), before.code());
  finding.before.action = done(earlier);
  finding.what = whereabouts(region, offset);
  if (epoch < ordering_.block_start())
    finding.reason = "nothing orders two blocks of a launch";
  else if (before.thread() / kLanes == me.warp)
    finding.reason = "no __syncwarp or barrier lies between these lanes of a warp";
  else
    finding.reason = "no barrier of the block lies between";
  findings_.add(std::move(finding));
}

void Checker::report(FaultKind kind, const ShadowRegion& region, std::size_t offset, const Running& me, Access now,
                     const Cell* pending) {
  const bool is_copy = kind == FaultKind::missing_wait && pending != nullptr;
  const std::uintptr_t before = is_copy ? pending->writer.code() : 0;
  if (findings_.find(kind, me.code, before) != nullptr || !findings_.has_room()) return;
  Finding finding;
  finding.kind = kind;
  finding.now = actor(me.thread, block_, me.code);
  finding.now.action = action(now, me.bytes);
  finding.what = whereabouts(region, offset);
  if (is_copy) {
    finding.before = actor(pending->writer.thread(), block_, before);
    finding.before.action = "started to copy to";
    finding.reason = "that thread has not waited for its copy";
  } else if (kind == FaultKind::uninitialised_read) {
    finding.reason = &region == &shared_ ? "nobody in this block has written it" : "nobody has written it";
  }
  findings_.add(std::move(finding));
}

void Checker::report_misaligned(std::uintptr_t address, std::size_t alignment, SourcePlace place) {
  if (runner_ == nullptr) return;
  const std::uintptr_t code = place_code(place);
  if (findings_.find(FaultKind::misaligned, code, 0) == nullptr && findings_.has_room()) {
    Finding finding;
    finding.kind = FaultKind::misaligned;
    finding.now = actor(running(code, alignment).thread, block_, code);
    finding.now.action = "takes an address that is no multiple of " + std::to_string(alignment) + " for an object";
    finding.what = shared_.contains(address)   ? whereabouts(shared_, shared_.offset_of(address))
                   : global_.contains(address) ? whereabouts(global_, global_.offset_of(address))
                                               : "that alignment";
    findings_.add(std::move(finding));
  }
  end_launch_for(FaultKind::misaligned);  // as on a device; here the access might end the process
}

void Checker::end_launch_for(FaultKind kind) {
  ended_launch_ = true;
  runner_->record_fault(kind, {}, "the check mode ends the launch");  // told in full by run_launch
  runner_->fail();
}

void run_launch(BlockRunner& runner, const Settings& settings, const std::function<void()>& blocks) {
  Checker& checker = Checker::instance();
  const std::lock_guard turn(checker.launch_turn());
  checker.begin_launch(runner, settings);
  struct AtEnd {
    Checker& checker;
    ~AtEnd() { checker.end_launch(); }
  } const at_end{checker};
  Findings& findings = checker.findings();
  try {
    blocks();
  } catch (const KernelFault& fault) {
    if (findings.empty()) throw;
    if (checker.ended_launch()) throw KernelFault(findings.last_kind(), findings.text());
    throw KernelFault(fault.kind(), std::string(fault.what()) + " | " + findings.text());
  }
  if (!findings.empty()) throw KernelFault(findings.first_kind(), findings.text());
}

void begin_block(std::int64_t number) { Checker::instance().begin_block(number); }

void pass_barrier() { Checker::instance().ordering().pass_barrier(); }

void join_lanes(unsigned warp, std::uint32_t mask) { Checker::instance().ordering().join_lanes(warp, mask); }

void begin_shared(const void* memory) { Checker::instance().begin_shared(memory); }

void open_shared(const void* data, std::size_t bytes) { Checker::instance().open_shared(data, bytes); }

}  // namespace lockstep::simt::check

namespace lockstep::simt {

void acquire_finished_blocks() {
  check::Checker::instance().ordering().acquire_finished_blocks(BlockRunner::active()->running_thread());
}

}  // namespace lockstep::simt
