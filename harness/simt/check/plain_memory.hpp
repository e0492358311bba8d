// SPDX-License-Identifier: Apache-2.0
// The runtime's own fills and copies. In the check mode the linker leads every memset and memcpy to the checker; what the
// emulator does for its own purposes is no access of the kernel and goes past it.
#pragma once

#include <cstddef>
#include <cstring>

#ifdef LOCKSTEP_SIMT_CHECK
extern "C" {
void* __real_memset(void* to, int value, std::size_t bytes) noexcept;
void* __real_memcpy(void* to, const void* from, std::size_t bytes) noexcept;
void* __real_memmove(void* to, const void* from, std::size_t bytes) noexcept;
}
#endif

namespace lockstep::simt {

inline void fill_plainly(void* to, int value, std::size_t bytes) {
#ifdef LOCKSTEP_SIMT_CHECK
  __real_memset(to, value, bytes);
#else
  std::memset(to, value, bytes);
#endif
}

inline void copy_plainly(void* to, const void* from, std::size_t bytes) {
#ifdef LOCKSTEP_SIMT_CHECK
  __real_memcpy(to, from, bytes);
#else
  std::memcpy(to, from, bytes);
#endif
}

}  // namespace lockstep::simt
