// SPDX-License-Identifier: Apache-2.0
// The way from a hook to the checker: short, because most accesses are to a thread's own stack.
#pragma once

#include <cstddef>
#include <cstdint>

#include "harness/simt/check/checker.hpp"
#include "harness/simt/execution.hpp"

namespace lockstep::simt::check {

/// Exists before the first kernel runs, so that hooks need not ask whether it does.
extern Checker* the_checker;

template <Access kAccess>
__attribute__((always_inline)) inline void kernel_access(const void* address, std::size_t bytes, std::uintptr_t code) {
  if (this_thread == nullptr) return;  // a function that kernels and others share
  the_checker->count_access();
  const auto number = reinterpret_cast<std::uintptr_t>(address);
  if (the_checker->watches(number)) the_checker->access<kAccess>(number, bytes, code);
}

}  // namespace lockstep::simt::check
