// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/stack_overflow.hpp"

#include "harness/simt/block_runner.hpp"

#if !defined(LOCKSTEP_SIMT_UCONTEXT) && !defined(LOCKSTEP_SIMT_ADDRESS_SANITIZER)
#define LOCKSTEP_SIMT_CATCHES_OVERFLOW 1
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <mutex>
#endif

namespace lockstep::simt {

const Stack* BlockRunner::overflowed_stack(const void* address) const {
  if (this_thread == nullptr) return nullptr;
  const Stack* stack = static_cast<const SimulatedThread*>(this_thread)->stack;
  const char* touched = static_cast<const char*>(address);
  return stack != nullptr && touched < stack->low && touched >= stack->low - kStackGuardBytes ? stack : nullptr;
}

void BlockRunner::fail_with_stack_overflow() {
  BlockRunner& runner = *active();
  runner.record_fault(FaultKind::stack_overflow, {},
                      "the thread used more than the " + std::to_string(kStackBytes / 1024) + " KiB of its stack");
  runner.fail();
}

#ifdef LOCKSTEP_SIMT_CATCHES_OVERFLOW
namespace {

struct sigaction previous_action;

void handle_memory_fault(int signal_number, siginfo_t* information, void* machine) {
  const BlockRunner* runner = BlockRunner::active();
  const Stack* stack = runner == nullptr ? nullptr : runner->overflowed_stack(information->si_addr);
  if (stack != nullptr) {
    // The fiber is lost, and its stack with it: continue at the top, as if fail_with_stack_overflow had just been
    // called there, and leave for the OS thread's own stack. Returning from the handler restores the signal mask.
    auto& registers = static_cast<ucontext_t*>(machine)->uc_mcontext.gregs;
    registers[REG_RSP] = reinterpret_cast<greg_t>(stack->top) - 8;
    registers[REG_RIP] = reinterpret_cast<greg_t>(&BlockRunner::fail_with_stack_overflow);
    return;
  }
  if ((previous_action.sa_flags & SA_SIGINFO) != 0) {
    previous_action.sa_sigaction(signal_number, information, machine);
  } else if (previous_action.sa_handler != SIG_DFL && previous_action.sa_handler != SIG_IGN) {
    previous_action.sa_handler(signal_number);
  } else {
    signal(SIGSEGV, SIG_DFL);  // the access is repeated when this returns, and ends the process as it would have
  }
}

/// Room for the handler's frame, which cannot lie on the stack that ran out.
class SignalStack {
 public:
  SignalStack() {
    stack_t current{};
    sigaltstack(nullptr, &current);
    if ((current.ss_flags & SS_DISABLE) == 0) return;
    memory_ = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory_ == MAP_FAILED) return;  // an overflow then ends the process, as without all this
    stack_t mine{};
    mine.ss_sp = memory_;
    mine.ss_size = kBytes;
    sigaltstack(&mine, nullptr);
  }
  ~SignalStack() {
    if (memory_ == nullptr || memory_ == MAP_FAILED) return;
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, nullptr);
    munmap(memory_, kBytes);
  }

 private:
  static constexpr std::size_t kBytes = 64 * 1024;  // the saved state of AVX-512 and AMX alone takes 11 KiB
  void* memory_ = nullptr;
};

}  // namespace

void catch_stack_overflows() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action {};
    action.sa_sigaction = &handle_memory_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, &previous_action);
  });
  thread_local SignalStack signal_stack;
  (void)signal_stack;
}
#else
void catch_stack_overflows() {}
#endif

}  // namespace lockstep::simt
