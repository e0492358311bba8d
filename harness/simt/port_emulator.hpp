// SPDX-License-Identifier: Apache-2.0
// port.cuh under a C++ compiler: CUDA's spelling, executed by the emulator. CUDA's own headers must not be seen here:
// the emulated build is the same on machines that have no CUDA toolkit.
#pragma once

#include <math.h>
#include <stdlib.h>

#include <type_traits>

#include "harness/simt/async_copy.hpp"
#include "harness/simt/atomics.hpp"
#include "harness/simt/device_math.hpp"
#include "harness/simt/execution.hpp"
#include "harness/simt/narrow_types.hpp"
#include "harness/simt/shared_memory.hpp"
#include "harness/simt/stream.hpp"
#include "harness/simt/vector_types.hpp"
#include "harness/simt/warp_operations.hpp"
#include "harness/simt/wmma.hpp"

#ifdef __FAST_MATH__
#error "the emulator's arithmetic must be IEEE: do not compile kernels with fast-math"
#endif

// __shared__ is not defined: shared memory is declared through the macros below. Neither is __noinline__, which the
// standard library spells inside attributes.
#define __global__
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __grid_constant__
#define __align__(bytes) __attribute__((aligned(bytes)))

#define threadIdx (::lockstep::simt::this_thread->index)
#define blockIdx (::lockstep::simt::this_block->index)
#define blockDim (::lockstep::simt::this_block->dimensions)
#define gridDim (::lockstep::simt::this_block->grid_dimensions)

#define LOCKSTEP_SHARED(type, name, ...)                                                              \
  static constexpr ::lockstep::simt::SharedDeclaration name##_declaration{#name, __FILE__, __LINE__}; \
  auto& name = *static_cast<type(*) __VA_ARGS__>(                                                     \
      ::lockstep::simt::shared_array(name##_declaration, sizeof(type __VA_ARGS__), alignof(type)))

#define LOCKSTEP_DYNAMIC_SHARED(type, name)                                                           \
  static constexpr ::lockstep::simt::SharedDeclaration name##_declaration{#name, __FILE__, __LINE__}; \
  type* name = static_cast<type*>(::lockstep::simt::dynamic_shared_memory(name##_declaration))

// CUDA's names are global.
using namespace lockstep::simt::dialect;
namespace nvcuda {
namespace wmma = lockstep::simt::wmma;
}

namespace lockstep {
inline namespace machine_emulated {  // why: see port_nvcc.hpp

/// Runs the kernel to its end under simt::current_settings(); `stream` is ignored. Throws simt::KernelFault for what
/// the emulator found, Error for a shape that no device accepts, and whatever the kernel itself threw.
template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), const LaunchShape& shape, Stream, const Arguments&... arguments) {
  static_assert(sizeof...(Parameters) == sizeof...(Arguments), "as many arguments as the kernel has parameters");
  static_assert((std::is_trivially_copyable_v<Parameters> && ...), "CUDA copies a kernel's parameters as bytes");
  static_assert(!(std::is_reference_v<Parameters> || ...), "a kernel takes no references");
  // Each thread of the grid gets parameters of its own, converted as the call of a function would.
  const auto bound = [&] { kernel(static_cast<Parameters>(arguments)...); };
  simt::run_grid(
      shape, [](const void* arguments_of_launch) { (*static_cast<decltype(&bound)>(arguments_of_launch))(); }, &bound);
}

}  // namespace machine_emulated
}  // namespace lockstep
