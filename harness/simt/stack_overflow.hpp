// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace lockstep::simt {

/// From now on a kernel that runs out of stack on this OS thread ends its launch with KernelFault stack_overflow
/// instead of ending the process: installs a handler of SIGSEGV (once; other faults go on to the handler before it) and
/// gives the OS thread a signal stack if it has none. Does nothing in sanitizer builds, whose own report is better, and
/// where fibers are made of ucontext.
void catch_stack_overflows();

}  // namespace lockstep::simt
