// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda.h>

#include <cstdint>

#include "harness/simt/port.cuh"

#if defined(__CUDA_ARCH__) && !defined(__CUDA_ARCH_FEAT_SM90_ALL)
#error "sources in folders named sm_90a are compiled for sm_90a and nothing else, see kernels/CMakeLists.txt"
#endif

// Copies of boxes of a tensor by the copy unit (TMA, cp.async.bulk.tensor), and the barriers in shared memory
// (mbarrier) that count their bytes: thin functions around the instructions, which have no spelling in CUDA C++.
// Source: PTX ISA, "Data Movement and Conversion Instructions" and "Parallel Synchronization: mbarrier".
namespace lockstep::LOCKSTEP_BACKEND {

/// Where something lies in shared memory, as instructions take it.
__device__ __forceinline__ unsigned shared_address(const void* pointer) {
  return static_cast<unsigned>(__cvta_generic_to_shared(pointer));
}

/// A barrier with phases. A phase is over once all of its arrivals have come and all bytes that they announced; the
/// next one begins by itself. Lies in shared memory; one thread calls start() before all others meet at
/// __syncthreads().
class CopyBarrier {
 public:
  __device__ __forceinline__ void start(int arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" : : "r"(shared_address(&state_)), "r"(arrivals) : "memory");
  }

  /// What start() wrote becomes visible to the copy unit; called once, by the thread that started the barriers.
  static __device__ __forceinline__ void publish() {
    asm volatile("fence.mbarrier_init.release.cluster;" : : : "memory");
    asm volatile("fence.proxy.async.shared::cta;" : : : "memory");
  }

  __device__ __forceinline__ void arrive() {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" : : "r"(shared_address(&state_)) : "memory");
  }

  /// Arrives, and announces that copies will bring so many bytes in this phase.
  __device__ __forceinline__ void arrive_expecting(int bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;"
                 :
                 : "r"(shared_address(&state_)), "r"(bytes)
                 : "memory");
  }

  /// Waits for the end of the phase of this parity (0 for the first one). Before the first phase has ended, that of
  /// parity 1 counts as over.
  __device__ __forceinline__ void wait(unsigned parity) {
    unsigned over = 0;
    do {
      asm volatile(
          "{\n"
          ".reg .pred over;\n"
          "mbarrier.try_wait.parity.shared::cta.b64 over, [%1], %2;\n"
          "selp.u32 %0, 1, 0, over;\n"
          "}\n"
          : "=r"(over)
          : "r"(shared_address(&state_)), "r"(parity)
          : "memory");
    } while (over == 0);
  }

 private:
  std::uint64_t state_;
};

/// Starts the copy of a box of a matrix into shared memory, from this column and row on. What lies outside of the
/// matrix arrives as zeros and counts among the box's bytes. `map` lies in the kernel's parameters (__grid_constant__),
/// `to` on a multiple of 1024 bytes. One thread calls.
__device__ __forceinline__ void copy_box_async(void* to, const CUtensorMap& map, int column, int row,
                                               CopyBarrier& barrier) {
  asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], [%4];"
               :
               : "r"(shared_address(to)), "l"(&map), "r"(column), "r"(row), "r"(shared_address(&barrier))
               : "memory");
}

/// The copy unit reads a map's description ahead of its first copy.
__device__ __forceinline__ void prefetch_map(const CUtensorMap& map) {
  asm volatile("prefetch.tensormap [%0];" : : "l"(&map) : "memory");
}

}  // namespace lockstep::LOCKSTEP_BACKEND
