// SPDX-License-Identifier: Apache-2.0
// Libraries that do what libraries must be survived doing, by the definition they are compiled with. They run on the CPU and
// compute relu.forward. The well-behaved one, and whatever misbehaves only later, has one kernel per behaviour of a call.
#include <pthread.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <cstring>
#include <stdexcept>

#include "harness/plugin/lockstep_kernels.h"

namespace {

[[maybe_unused]] void wait_for_ever() {
  while (true) pause();
}
[[maybe_unused]] void crash() {
  std::signal(SIGSEGV, SIG_DFL);  // a sanitizer's handler would turn the signal into an exit status
  std::raise(SIGSEGV);
}

#if defined(BEHAVIOUR_crashes_loading)
__attribute__((constructor)) void at_load() { crash(); }
#elif defined(BEHAVIOUR_hangs_loading)
__attribute__((constructor)) void at_load() { wait_for_ever(); }
#endif

void say(lockstep_message* message, const char* text) {
  std::strncpy(message->text, text, message->capacity - 1);
  message->text[message->capacity - 1] = '\0';
}

std::int32_t takes_all(const void*, const lockstep_problem*, lockstep_message*) { return LOCKSTEP_OK; }
std::int32_t takes_float(const void*, const lockstep_problem* problem, lockstep_message* message) {
  if (problem->dtype == LOCKSTEP_F32 && problem->layout == LOCKSTEP_CONTIGUOUS) return LOCKSTEP_OK;
  say(message, "contiguous f32 alone");
  return LOCKSTEP_UNSUPPORTED;
}
std::int32_t promises_default(const void*, const lockstep_problem*, lockstep_contract*, lockstep_message*) {
  return LOCKSTEP_OK;
}
std::int32_t promises_nonsense(const void*, const lockstep_problem*, lockstep_contract* contract, lockstep_message*) {
  contract->exp_ulp = NAN;
  return LOCKSTEP_OK;
}

struct Plan {
  const float* x;
  float* y;
  std::int64_t count;
};

std::int32_t plan_with(const lockstep_problem* problem, void** plan, std::int64_t* workspace_bytes,
                       std::int64_t bytes) {
  std::int64_t count = 1;
  for (std::int32_t axis = 0; axis < problem->inputs[0].rank; ++axis) count *= problem->inputs[0].shape[axis];
  *plan = new Plan{static_cast<const float*>(problem->inputs[0].data), static_cast<float*>(problem->outputs[0].data),
                   count};
  *workspace_bytes = bytes;
  return LOCKSTEP_OK;
}
std::int32_t plan_alone(const void*, const lockstep_problem* problem, void** plan, std::int64_t* bytes,
                        lockstep_message*) {
  return plan_with(problem, plan, bytes, 0);
}
std::int32_t plan_workspace(const void*, const lockstep_problem* problem, void** plan, std::int64_t* bytes,
                            lockstep_message*) {
  return plan_with(problem, plan, bytes, 20);
}
std::int32_t plan_too_much(const void*, const lockstep_problem* problem, void** plan, std::int64_t* bytes,
                           lockstep_message*) {
  return plan_with(problem, plan, bytes, problem->workspace_limit_bytes + 1);
}
std::int32_t decline_late(const void*, const lockstep_problem*, void**, std::int64_t*, lockstep_message* message) {
  say(message, "not today");
  return LOCKSTEP_UNSUPPORTED;
}

std::int32_t compute(const void*, void* plan, const lockstep_launch*, lockstep_message*) {
  const Plan& p = *static_cast<const Plan*>(plan);
  for (std::int64_t i = 0; i < p.count; ++i) p.y[i] = p.x[i] < 0 ? 0 : p.x[i];
  return LOCKSTEP_OK;
}
std::int32_t fill_workspace(const void* self, void* plan, const lockstep_launch* launch, lockstep_message* message) {
  std::memset(launch->workspace, 0, static_cast<std::size_t>(launch->workspace_bytes));
  return compute(self, plan, launch, message);
}
std::int32_t overrun_workspace(const void* self, void* plan, const lockstep_launch* launch, lockstep_message* message) {
  static_cast<char*>(launch->workspace)[launch->workspace_bytes] = 7;
  return compute(self, plan, launch, message);
}
std::int32_t overwrite_input(const void* self, void* plan, const lockstep_launch* launch, lockstep_message* message) {
  const std::int32_t status = compute(self, plan, launch, message);
  const Plan& p = *static_cast<const Plan*>(plan);
  if (p.count > 0) const_cast<float*>(p.x)[0] = 0.25f;
  return status;
}
std::int32_t fail_with_lines(const void*, void*, const lockstep_launch*, lockstep_message* message) {
  say(message, "the first line\nand the second");
  return LOCKSTEP_FAILED;
}
std::int32_t fill_message(const void*, void*, const lockstep_launch*, lockstep_message* message) {
  std::memset(message->text, 'm', message->capacity);  // and no zero byte at its end
  return LOCKSTEP_FAILED;
}
std::int32_t answer_seven(const void*, void*, const lockstep_launch*, lockstep_message*) { return 7; }
std::int32_t throw_error(const void*, void*, const lockstep_launch*, lockstep_message*) {
  throw std::runtime_error("thrown by a kernel");
}
std::int32_t throw_number(const void*, void*, const lockstep_launch*, lockstep_message*) { throw 7; }
std::int32_t crash_in_launch(const void*, void*, const lockstep_launch*, lockstep_message*) {
  crash();
  return LOCKSTEP_OK;
}
std::int32_t hang_in_launch(const void*, void*, const lockstep_launch*, lockstep_message*) {
  wait_for_ever();
  return LOCKSTEP_OK;
}
void release(const void*, void* plan) { delete static_cast<Plan*>(plan); }

using Unsupported = decltype(lockstep_implementation::unsupported);
using Contract = decltype(lockstep_implementation::contract);
using Prepare = decltype(lockstep_implementation::prepare);
using Launch = decltype(lockstep_implementation::launch);

constexpr lockstep_implementation kernel(const char* name, Launch launch, Prepare prepare = plan_alone,
                                         Unsupported unsupported = takes_float, Contract contract = promises_default) {
  return {sizeof(lockstep_implementation),
          "relu",
          name,
          LOCKSTEP_FORWARD,
          LOCKSTEP_CPU,
          nullptr,
          unsupported,
          contract,
          prepare,
          launch,
          release};
}

constexpr lockstep_implementation kKernels[]{
    kernel("works", compute),
    kernel("fills_workspace", fill_workspace, plan_workspace),
    kernel("overruns_workspace", overrun_workspace, plan_workspace),
    kernel("wants_too_much", compute, plan_too_much),
    kernel("overwrites_input", overwrite_input),
    kernel("fails", fail_with_lines),
    kernel("fills_message", fill_message),
    kernel("answers_seven", answer_seven),
    kernel("throws_error", throw_error),
    kernel("throws_number", throw_number),
    kernel("crashes", crash_in_launch),
    kernel("hangs", hang_in_launch),
    kernel("declines_late", compute, decline_late),
    kernel("promises_nonsense", compute, plan_alone, takes_all, promises_nonsense),
};

}  // namespace

extern "C" LOCKSTEP_EXPORT uint32_t lockstep_kernels_abi_version(void) {
#if defined(BEHAVIOUR_other_version)
  return LOCKSTEP_KERNELS_ABI_VERSION + 1;
#else
  return LOCKSTEP_KERNELS_ABI_VERSION;
#endif
}

#if !defined(BEHAVIOUR_lacks_list)
extern "C" LOCKSTEP_EXPORT const lockstep_library* lockstep_kernels([[maybe_unused]] lockstep_message* message) {
#if defined(BEHAVIOUR_throws_listing)
  throw std::runtime_error("no list today");
#elif defined(BEHAVIOUR_crashes_listing)
  crash();
#elif defined(BEHAVIOUR_hangs_listing)
  wait_for_ever();
#elif defined(BEHAVIOUR_lists_nothing)
  say(message, "the kernels are out");
  return nullptr;
#endif
  static const lockstep_implementation* list[sizeof kKernels / sizeof kKernels[0]];
  for (std::size_t i = 0; i < sizeof kKernels / sizeof kKernels[0]; ++i) list[i] = &kKernels[i];
#if defined(BEHAVIOUR_lists_garbage)
  static const lockstep_implementation bad = kernel("no name: \xff", compute);
  list[1] = &bad;
#elif defined(BEHAVIOUR_unknown_operator)
  static lockstep_implementation elsewhere = kernel("elsewhere", compute);
  elsewhere.operator_name = "nosuch";
  list[1] = &elsewhere;
#endif
  static const lockstep_library library{sizeof(lockstep_library), list, sizeof list / sizeof list[0]};
  return &library;
}
#endif
