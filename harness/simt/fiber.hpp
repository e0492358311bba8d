// SPDX-License-Identifier: Apache-2.0
// A fiber is a stack with a place to continue at. Switching between two of them is the emulator's inner loop.
#pragma once

#include <cstddef>

#include "harness/simt/stack_pool.hpp"

#if !defined(LOCKSTEP_SIMT_UCONTEXT) && !(defined(__x86_64__) && defined(__linux__))
#define LOCKSTEP_SIMT_UCONTEXT 1
#endif
#ifdef LOCKSTEP_SIMT_UCONTEXT
#include <ucontext.h>
#endif
#ifdef LOCKSTEP_SIMT_ADDRESS_SANITIZER
#include <sanitizer/common_interface_defs.h>
#endif

namespace lockstep::simt {

struct FiberContext {
#ifdef LOCKSTEP_SIMT_UCONTEXT
  ucontext_t machine{};
#else
  void* resume_address = nullptr;
  void* stack_pointer = nullptr;
  void* frame_pointer = nullptr;
#endif
#ifdef LOCKSTEP_SIMT_ADDRESS_SANITIZER
  void* fake_stack = nullptr;
  const void* stack_bottom = nullptr;
  std::size_t stack_bytes = 0;
#endif
};

/// Makes the next switch to `context` call `entry` on a fresh `stack`. `entry` never returns.
void prepare_fiber(FiberContext& context, const Stack& stack, void (*entry)());
/// Tells a sanitizer that `context`, when it is continued, runs on this stack.
inline void note_stack([[maybe_unused]] FiberContext& context, [[maybe_unused]] const Stack& stack) {
#ifdef LOCKSTEP_SIMT_ADDRESS_SANITIZER
  context.stack_bottom = stack.low;
  context.stack_bytes = static_cast<std::size_t>(stack.top - stack.low);
#endif
}
/// Makes `context` stand for the OS thread's own stack, before the first switch away from it.
void adopt_thread(FiberContext& context);

#ifdef LOCKSTEP_SIMT_ADDRESS_SANITIZER
// Tell the sanitizer of each switch, or a throw inside a fiber would look like a stack of another thread.
inline void announce_switch(FiberContext& to, void** keep_fake_stack) {
  __sanitizer_start_switch_fiber(keep_fake_stack, to.stack_bottom, to.stack_bytes);
}
inline void confirm_switch(void* fake_stack) { __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr); }
#endif

/// Continues `to` and returns when something switches back to `from`.
__attribute__((always_inline)) inline void switch_machine(FiberContext& from, FiberContext& to) {
#ifdef LOCKSTEP_SIMT_UCONTEXT
  swapcontext(&from.machine, &to.machine);
#else
  // In line and left by a jump instead of called and left by a return: all threads of a block mostly wait at one place,
  // so the jump is predicted, and calls and returns stay paired for the processor's return predictor. Nothing is
  // pushed, so the unwinder's view of either stack (.cfi) stays true. The compiler saves what the asm declares lost;
  // MXCSR and the x87 control word are the same for all fibers.
  void* from_address = &from;
  void* to_address = &to;
  asm volatile(
      "leaq 1f(%%rip), %%rdx\n\t"
      "movq %%rdx, 0(%0)\n\t"
      "movq %%rsp, 8(%0)\n\t"
      "movq %%rbp, 16(%0)\n\t"
      "movq 8(%1), %%rsp\n\t"
      "movq 16(%1), %%rbp\n\t"
      "jmpq *0(%1)\n"
      "1:"
      : "+S"(from_address), "+D"(to_address)
      :
      : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc", "xmm0",
        "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",
        "xmm14", "xmm15"
#ifdef __AVX512F__
        ,
        "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27",
        "xmm28", "xmm29", "xmm30", "xmm31", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#endif
  );
#endif
}

/// Continues `to`; `from` can be continued later.
__attribute__((always_inline)) inline void switch_fiber(FiberContext& from, FiberContext& to) {
#ifdef LOCKSTEP_SIMT_ADDRESS_SANITIZER
  announce_switch(to, &from.fake_stack);
  switch_machine(from, to);
  confirm_switch(from.fake_stack);
#else
  switch_machine(from, to);
#endif
}

/// Continues `to` and gives up the running fiber for good: its stack may be used again at once. What is saved of it
/// goes to `nowhere`, which must not lie on that stack: with the announcement the sanitizer already takes parts of it
/// away.
[[noreturn]] inline void leave_fiber(FiberContext& nowhere, FiberContext& to) {
#ifdef LOCKSTEP_SIMT_ADDRESS_SANITIZER
  announce_switch(to, nullptr);
#endif
  switch_machine(nowhere, to);
  __builtin_unreachable();
}

/// To be called first thing in `entry`.
inline void enter_fiber() {
#ifdef LOCKSTEP_SIMT_ADDRESS_SANITIZER
  confirm_switch(nullptr);
#endif
}

}  // namespace lockstep::simt
