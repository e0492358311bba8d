// SPDX-License-Identifier: Apache-2.0
// How a kernel under the emulator gets at the shared memory of its block: behind LOCKSTEP_SHARED of port.cuh.
#pragma once

#include <cstddef>

namespace lockstep::simt {

/// One declaration of a shared array in a kernel's source. Its address is the array's identity, so each instantiation
/// of a kernel template has arrays of its own, as under CUDA.
struct SharedDeclaration {
  const char* name;
  const char* file;
  int line;
};

/// The bytes of a static shared array in the running block, the same for all its threads; the first thread that asks
/// allocates. Filled with 0xFF at the start of every block (NaN in each floating-point format, -1 in integers). Throws
/// Error when the block's shared memory exceeds what a device has.
void* shared_array(const SharedDeclaration& declaration, std::size_t bytes, std::size_t alignment);

/// The launch's dynamic shared memory, aligned to 128 bytes, filled likewise. The name is for reports.
void* dynamic_shared_memory(const SharedDeclaration& declaration);

}  // namespace lockstep::simt
