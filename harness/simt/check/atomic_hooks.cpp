// SPDX-License-Identifier: Apache-2.0
// Atomic operations of code compiled with -fsanitize=thread: the compiler leaves the operation itself to these functions.
// One OS thread runs kernels in the check mode, but host code may come here too, so they are atomic indeed.
#include "harness/simt/check/kernel_access.hpp"

using lockstep::simt::check::Access;
using lockstep::simt::check::kernel_access;

#define CALLER reinterpret_cast<std::uintptr_t>(__builtin_return_address(0))

// A load alone changes nothing; beside an atomic change it is no race, so only what plain stores did counts: it is judged
// as an atomic access, which conflicts with plain ones.
#define LOCKSTEP_ATOMIC_HOOKS(bits, type)                                                                             \
  type __tsan_atomic##bits##_load(const volatile type* address, int) {                                                \
    kernel_access<Access::atomic>(const_cast<const type*>(address), sizeof(type), CALLER);                            \
    return __atomic_load_n(address, __ATOMIC_SEQ_CST);                                                                \
  }                                                                                                                   \
  void __tsan_atomic##bits##_store(volatile type* address, type value, int) {                                         \
    kernel_access<Access::atomic>(const_cast<const type*>(address), sizeof(type), CALLER);                            \
    __atomic_store_n(address, value, __ATOMIC_SEQ_CST);                                                               \
  }                                                                                                                   \
  LOCKSTEP_ATOMIC_CHANGE(bits, type, exchange, __atomic_exchange_n)                                                   \
  LOCKSTEP_ATOMIC_CHANGE(bits, type, fetch_add, __atomic_fetch_add)                                                   \
  LOCKSTEP_ATOMIC_CHANGE(bits, type, fetch_sub, __atomic_fetch_sub)                                                   \
  LOCKSTEP_ATOMIC_CHANGE(bits, type, fetch_and, __atomic_fetch_and)                                                   \
  LOCKSTEP_ATOMIC_CHANGE(bits, type, fetch_or, __atomic_fetch_or)                                                     \
  LOCKSTEP_ATOMIC_CHANGE(bits, type, fetch_xor, __atomic_fetch_xor)                                                   \
  LOCKSTEP_ATOMIC_CHANGE(bits, type, fetch_nand, __atomic_fetch_nand)                                                 \
  int __tsan_atomic##bits##_compare_exchange_strong(volatile type* address, type* expected, type desired, int, int) { \
    kernel_access<Access::atomic>(const_cast<const type*>(address), sizeof(type), CALLER);                            \
    return __atomic_compare_exchange_n(address, expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);        \
  }                                                                                                                   \
  int __tsan_atomic##bits##_compare_exchange_weak(volatile type* address, type* expected, type desired, int, int) {   \
    kernel_access<Access::atomic>(const_cast<const type*>(address), sizeof(type), CALLER);                            \
    return __atomic_compare_exchange_n(address, expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);        \
  }                                                                                                                   \
  type __tsan_atomic##bits##_compare_exchange_val(volatile type* address, type expected, type desired, int, int) {    \
    kernel_access<Access::atomic>(const_cast<const type*>(address), sizeof(type), CALLER);                            \
    __atomic_compare_exchange_n(address, &expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);              \
    return expected;                                                                                                  \
  }
#define LOCKSTEP_ATOMIC_CHANGE(bits, type, name, operation)                                \
  type __tsan_atomic##bits##_##name(volatile type* address, type value, int) {             \
    kernel_access<Access::atomic>(const_cast<const type*>(address), sizeof(type), CALLER); \
    return operation(address, value, __ATOMIC_SEQ_CST);                                    \
  }

extern "C" {

LOCKSTEP_ATOMIC_HOOKS(8, std::uint8_t)
LOCKSTEP_ATOMIC_HOOKS(16, std::uint16_t)
LOCKSTEP_ATOMIC_HOOKS(32, std::uint32_t)
LOCKSTEP_ATOMIC_HOOKS(64, std::uint64_t)

void __tsan_atomic_thread_fence(int) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
void __tsan_atomic_signal_fence(int) { __atomic_signal_fence(__ATOMIC_SEQ_CST); }

}  // extern "C"
