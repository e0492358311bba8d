// SPDX-License-Identifier: Apache-2.0
// cp.async with a number of bytes known at run time only: __pipeline_memcpy_async becomes a branch for each. Its copies
// are of the same groups: __pipeline_commit and __pipeline_wait_prior as ever. Below compute capability 8.0 it traps.
#pragma once

#include "harness/simt/port.cuh"

namespace lockstep {
#ifdef __CUDACC__
inline namespace machine_gpu {

/// Starts copying 16 bytes to shared memory, of which the first `bytes` (0 to 16) are read and the others become zero.
/// Both addresses are multiples of 16. Passes by the first-level cache.
__device__ __forceinline__ void copy_sixteen_bytes_async(void* shared, const void* global, int bytes) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
  __trap();
#else
  const auto address = static_cast<unsigned>(__cvta_generic_to_shared(shared));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(global), "r"(bytes) : "memory");
#endif
}

}  // namespace machine_gpu
#else
inline namespace machine_emulated {

inline void copy_sixteen_bytes_async(void* shared, const void* global, int bytes, LOCKSTEP_CALL_SITE) {
  simt::start_async_copy(shared, global, 16, static_cast<std::size_t>(16 - bytes), file, line);
}

}  // namespace machine_emulated
#endif
}  // namespace lockstep
