// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/global_memory.hpp"

#ifndef LOCKSTEP_SIMT_CHECK  // else: check/global_memory.cpp

#include <cstdlib>

#include "harness/data/error.hpp"

namespace lockstep::simt {

void* allocate_global(std::size_t bytes) {
  // A cache line at least: vector loads of every width are aligned at the start of an allocation, as cudaMalloc promises.
  constexpr std::size_t kAlignment = 256;
  if (void* memory = std::aligned_alloc(kAlignment, (bytes + kAlignment) / kAlignment * kAlignment)) return memory;
  throw Error("out of memory: " + std::to_string(bytes) + " bytes for a tensor");
}

void release_global(void* memory) noexcept { std::free(memory); }
void describe_global(const void*, std::size_t, const std::string&) {}
void mark_global(const void*, std::size_t, GlobalContent) {}

}  // namespace lockstep::simt

#endif
