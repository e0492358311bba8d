// SPDX-License-Identifier: Apache-2.0
// Global memory of the check mode: allocations lie apart, and an address is not used again until all others have been.
#include "harness/simt/check/registry.hpp"

#include <sys/mman.h>

#include <mutex>

#include "harness/data/error.hpp"
#include "harness/simt/check/address_ring.hpp"
#include "harness/simt/check/checker.hpp"
#include "harness/simt/global_memory.hpp"

namespace lockstep::simt {
namespace {

class Registry {
 public:
  static Registry& instance() {
    static Registry registry;
    return registry;
  }

  void* allocate(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    const std::uintptr_t base = ring_.take(bytes);
    set_state(base, bytes, check::ByteState::unwritten);
    return reinterpret_cast<void*>(base);
  }

  void* reserve(std::size_t skew, std::size_t bytes, const std::string& name) {
    const std::lock_guard lock(mutex_);
    const std::uintptr_t base = ring_.take(skew + bytes);
    name_part(*ring_.at(base), base + skew, bytes, name);
    return reinterpret_cast<void*>(base);
  }

  void release(std::uintptr_t base) {
    const std::lock_guard lock(mutex_);
    const check::Allocation* const released = ring_.at(base);
    if (released == nullptr) return;
    const std::size_t reserved = released->reserved;
    ring_.release(base);
    shadow().forget(shadow().offset_of(base), reserved);
    madvise(reinterpret_cast<void*>(base), reserved, MADV_DONTNEED);
  }

  void describe(std::uintptr_t first, std::size_t bytes, const std::string& name) {
    const std::lock_guard lock(mutex_);
    check::Allocation* const found = ring_.at(first);
    if (found == nullptr) return;
    set_state(found->base, found->reserved, check::ByteState::outside);
    set_state(first, bytes, check::ByteState::unwritten);
    name_part(*found, first, bytes, name);
  }

  void mark(std::uintptr_t first, std::size_t bytes, GlobalContent content) {
    if (bytes == 0 || !shadow().contains(first) || !shadow().contains(first + bytes - 1)) return;
    set_state(first, bytes,
              content == GlobalContent::outside     ? check::ByteState::outside
              : content == GlobalContent::unwritten ? check::ByteState::unwritten
                                                    : check::ByteState::written);
  }

  std::string text(std::uintptr_t address) {
    const std::lock_guard lock(mutex_);
    return ring_.describe(address);
  }

  bool is_released(std::uintptr_t address) {
    const std::lock_guard lock(mutex_);
    const check::Allocation* const found = ring_.at(address);
    return found != nullptr && found->is_released;
  }

 private:
  Registry() {
    void* mapped =
        mmap(nullptr, check::kGlobalBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED)
      throw Error(
          "check mode: the system refuses address space for global memory; accepted: no limit on address space");
    const auto begin = reinterpret_cast<std::uintptr_t>(mapped);
    ring_ = check::AddressRing(begin, begin + check::kGlobalBytes);
    shadow().place(mapped);
  }

  static void name_part(check::Allocation& allocation, std::uintptr_t first, std::size_t bytes,
                        const std::string& name) {
    allocation.tensor = first;
    allocation.bytes = bytes;
    allocation.name = "'" + name + "'";
  }

  static check::ShadowRegion& shadow() { return check::Checker::instance().global(); }

  static void set_state(std::uintptr_t first, std::size_t bytes, check::ByteState state) {
    shadow().set_state(shadow().offset_of(first), bytes, state);
  }

  std::mutex mutex_;
  check::AddressRing ring_;
};

std::uintptr_t number(const void* address) { return reinterpret_cast<std::uintptr_t>(address); }

}  // namespace

void* allocate_global(std::size_t bytes) { return Registry::instance().allocate(bytes); }

void release_global(void* memory) noexcept {
  if (memory != nullptr) Registry::instance().release(number(memory));
}

void describe_global(const void* first, std::size_t bytes, const std::string& name) {
  Registry::instance().describe(number(first), bytes, name);
}

void mark_global(const void* first, std::size_t bytes, GlobalContent content) {
  Registry::instance().mark(number(first), bytes, content);
}

namespace check {

void* reserve_global(std::size_t skew, std::size_t bytes, const std::string& name) {
  return Registry::instance().reserve(skew, bytes, name);
}

std::string describe_global_address(std::uintptr_t address) { return Registry::instance().text(address); }

bool is_released(std::uintptr_t address) { return Registry::instance().is_released(address); }

}  // namespace check
}  // namespace lockstep::simt
