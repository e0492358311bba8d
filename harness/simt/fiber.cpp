// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/fiber.hpp"

#ifdef LOCKSTEP_SIMT_ADDRESS_SANITIZER
#include <pthread.h>
#include <sanitizer/asan_interface.h>
#endif

#ifndef LOCKSTEP_SIMT_UCONTEXT
static_assert(offsetof(lockstep::simt::FiberContext, resume_address) == 0);
static_assert(offsetof(lockstep::simt::FiberContext, stack_pointer) == 8);
static_assert(offsetof(lockstep::simt::FiberContext, frame_pointer) == 16);

// Where a fresh fiber begins: calls the entry that prepare_fiber left in the frame pointer. The return address is
// declared undefined, so that a debugger or the unwinder ends its walk here instead of reading beyond the stack.
extern "C" void lockstep_simt_fiber_start();
asm(R"(
    .text
    .p2align 4
    .globl lockstep_simt_fiber_start
    .hidden lockstep_simt_fiber_start
    .type lockstep_simt_fiber_start, @function
lockstep_simt_fiber_start:
    .cfi_startproc
    .cfi_undefined rip
    movq %rbp, %rax
    xorl %ebp, %ebp
    call *%rax
    ud2
    .cfi_endproc
    .size lockstep_simt_fiber_start, .-lockstep_simt_fiber_start
)");
#endif

namespace lockstep::simt {

void prepare_fiber(FiberContext& context, const Stack& stack, void (*entry)()) {
#ifdef LOCKSTEP_SIMT_UCONTEXT
  getcontext(&context.machine);
  context.machine.uc_stack.ss_sp = stack.low;
  context.machine.uc_stack.ss_size = static_cast<std::size_t>(stack.top - stack.low);
  context.machine.uc_link = nullptr;
  makecontext(&context.machine, entry, 0);
#else
  context.resume_address = reinterpret_cast<void*>(&lockstep_simt_fiber_start);
  context.stack_pointer = stack.top;  // 16-byte aligned, as before any call
  context.frame_pointer = reinterpret_cast<void*>(entry);
#endif
  note_stack(context, stack);
#ifdef LOCKSTEP_SIMT_ADDRESS_SANITIZER
  context.fake_stack = nullptr;
  // An abandoned fiber leaves the redzones of its frames behind.
  ASAN_UNPOISON_MEMORY_REGION(stack.low, context.stack_bytes);
#endif
}

void adopt_thread([[maybe_unused]] FiberContext& context) {
#ifdef LOCKSTEP_SIMT_ADDRESS_SANITIZER
  pthread_attr_t attributes;
  void* low = nullptr;
  std::size_t bytes = 0;
  pthread_getattr_np(pthread_self(), &attributes);
  pthread_attr_getstack(&attributes, &low, &bytes);
  pthread_attr_destroy(&attributes);
  context.stack_bottom = low;
  context.stack_bytes = bytes;
#endif
}

}  // namespace lockstep::simt
