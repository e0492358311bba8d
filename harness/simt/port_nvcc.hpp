// SPDX-License-Identifier: Apache-2.0
// port.cuh under nvcc: CUDA's headers and the few macros in CUDA's terms.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_pipeline.h>
#include <cuda_runtime.h>
#include <mma.h>

#include "harness/simt/launch_shape.hpp"
#include "harness/simt/stream.hpp"

// 16 bytes as the emulator has them, for float4 accesses. The type's own alignment counts where it is greater.
#define LOCKSTEP_SHARED(type, name, ...) __shared__ alignas(16) alignas(type) type name __VA_ARGS__

// One extern array for all kernels: CUDA takes different types under one name for a conflict between declarations.
#define LOCKSTEP_DYNAMIC_SHARED(type, name)                                 \
  extern __shared__ __align__(128) unsigned char lockstep_dynamic_shared[]; \
  type* name = reinterpret_cast<type*>(lockstep_dynamic_shared)

namespace lockstep {
// A namespace of its own, invisible to the caller: a kernel pointer has the same type in both worlds, so the linker
// would take the two versions of launch() for one.
inline namespace machine_gpu {

/// Queues the kernel on `stream` and returns. Throws Error for a shape that no device accepts and when CUDA refuses the
/// launch; what goes wrong in the kernel itself shows at the next synchronisation.
template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), const LaunchShape& shape, Stream stream, const Arguments&... arguments) {
  static_assert(sizeof...(Parameters) == sizeof...(Arguments), "as many arguments as the kernel has parameters");
  check_launch_shape(shape);
  const auto extents = [](const LaunchExtent& extent) {
    return dim3(static_cast<unsigned>(extent.x), static_cast<unsigned>(extent.y), static_cast<unsigned>(extent.z));
  };
  cudaError_t status = cudaSuccess;
  if (shape.dynamic_shared_bytes > kMaximumStaticSharedBytes)  // more has to be asked for
    status = cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel), cudaFuncAttributeMaxDynamicSharedMemorySize,
                                  static_cast<int>(shape.dynamic_shared_bytes));
  if (status == cudaSuccess) {
    kernel<<<extents(shape.grid), extents(shape.block), shape.dynamic_shared_bytes,
             static_cast<cudaStream_t>(stream)>>>(static_cast<Parameters>(arguments)...);
    status = cudaGetLastError();
  }
  if (status != cudaSuccess) throw_launch_failure(shape, cudaGetErrorString(status));
}

}  // namespace machine_gpu
}  // namespace lockstep
