// SPDX-License-Identifier: Apache-2.0
// memcpy, memmove and memset, which the linker leads here (--wrap): compilers copy and fill with them what the source
// assigns. Calls by the host, and by the runtime between kernels, go straight through.
#include "harness/simt/check/kernel_access.hpp"
#include "harness/simt/check/plain_memory.hpp"

namespace lockstep::simt::check {
namespace {

template <Access kAccess>
inline void judge(const void* address, std::size_t bytes, const void* caller) {
  const auto number = reinterpret_cast<std::uintptr_t>(address);
  if (this_thread == nullptr || !the_checker->watches(number)) return;
  the_checker->count_access();
  the_checker->access<kAccess>(number, bytes, reinterpret_cast<std::uintptr_t>(caller));
}

}  // namespace
}  // namespace lockstep::simt::check

using lockstep::simt::check::Access;
using lockstep::simt::check::judge;

extern "C" {

void* __wrap_memcpy(void* to, const void* from, std::size_t bytes) noexcept {
  judge<Access::read>(from, bytes, __builtin_return_address(0));
  judge<Access::write>(to, bytes, __builtin_return_address(0));
  return __real_memcpy(to, from, bytes);
}

void* __wrap_memmove(void* to, const void* from, std::size_t bytes) noexcept {
  judge<Access::read>(from, bytes, __builtin_return_address(0));
  judge<Access::write>(to, bytes, __builtin_return_address(0));
  return __real_memmove(to, from, bytes);
}

void* __wrap_memset(void* to, int value, std::size_t bytes) noexcept {
  judge<Access::write>(to, bytes, __builtin_return_address(0));
  return __real_memset(to, value, bytes);
}

// What newer compilers call instead.
void* __tsan_memcpy(void* to, const void* from, std::size_t bytes) { return __wrap_memcpy(to, from, bytes); }
void* __tsan_memmove(void* to, const void* from, std::size_t bytes) { return __wrap_memmove(to, from, bytes); }
void* __tsan_memset(void* to, int value, std::size_t bytes) { return __wrap_memset(to, value, bytes); }

}  // extern "C"
