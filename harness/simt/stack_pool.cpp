// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/stack_pool.hpp"

#include <sys/mman.h>

#include "harness/data/error.hpp"

namespace lockstep::simt {
namespace {

constexpr std::size_t kStacksPerSlab = 32;  // a warp
constexpr std::size_t kStride = kStackGuardBytes + kStackBytes;
constexpr std::size_t kSlabBytes = kStacksPerSlab * kStride;
constexpr std::size_t kCacheLineBytes = 64, kPageBytes = 4096;

}  // namespace

void StackPool::grow() {
  // Mapped without access; each stack is opened, and what stays closed between them is the guard.
  void* slab = mmap(nullptr, kSlabBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (slab == MAP_FAILED) throw Error("emulator: no address space for the stacks of 32 more threads (4 MiB)");
  slabs_.push_back(slab);
  for (std::size_t i = 0; i < kStacksPerSlab; ++i) {
    char* low = static_cast<char*>(slab) + i * kStride + kStackGuardBytes;
    if (mprotect(low, kStackBytes, PROT_READ | PROT_WRITE) != 0)
      throw Error("emulator: the system refuses memory for a thread's stack (vm.max_map_count reached?)");
    // Tops at different offsets within a page: at equal ones, all stacks would compete for the same lines of the cache.
    const std::size_t stagger = (stacks_.size() * kCacheLineBytes) % kPageBytes;
    stacks_.push_back({low, low + kStackBytes - stagger});
    free_.push_back(&stacks_.back());
  }
}

StackPool::~StackPool() {
  for (void* slab : slabs_) munmap(slab, kSlabBytes);
}

}  // namespace lockstep::simt
