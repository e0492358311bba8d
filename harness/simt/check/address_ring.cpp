// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/check/address_ring.hpp"

#include "harness/data/error.hpp"

namespace lockstep::simt::check {

AddressRing::Allocations::iterator AddressRing::at_or_before(std::uintptr_t address) {
  const auto after = allocations_.upper_bound(address);
  return after == allocations_.begin() ? allocations_.end() : std::prev(after);
}

std::uintptr_t AddressRing::take(std::size_t bytes) {
  const std::size_t reserved = (bytes + 2 * kPage - 1) / kPage * kPage;
  bool went_round = false;
  for (std::uintptr_t candidate = next_;;) {
    if (candidate + reserved > end_ || candidate + reserved < candidate) {
      if (went_round)
        throw Error("out of memory: " + std::to_string(bytes) + " bytes for a tensor, beyond the " +
                    std::to_string((end_ - begin_) >> 20) + " MiB that emulated devices have in the check mode");
      went_round = true;
      candidate = begin_;
      continue;
    }
    // What lies there and is still in use is stepped over; what was released is forgotten.
    auto found = at_or_before(candidate + reserved - 1);
    while (found != allocations_.end() && found->first + found->second.reserved > candidate &&
           found->second.is_released) {
      allocations_.erase(found);
      found = at_or_before(candidate + reserved - 1);
    }
    if (found != allocations_.end() && found->first + found->second.reserved > candidate) {
      candidate = found->first + found->second.reserved;
      continue;
    }
    next_ = candidate + reserved;
    allocations_[candidate] = {.base = candidate,
                               .reserved = reserved,
                               .tensor = candidate,
                               .bytes = bytes,
                               .name = "allocation of " + std::to_string(bytes) + " bytes"};
    return candidate;
  }
}

void AddressRing::release(std::uintptr_t base) {
  const auto found = allocations_.find(base);
  if (found != allocations_.end()) found->second.is_released = true;
}

Allocation* AddressRing::at(std::uintptr_t address) {
  const auto found = at_or_before(address);
  return found != allocations_.end() && address < found->first + found->second.reserved ? &found->second : nullptr;
}

std::string AddressRing::describe(std::uintptr_t address) const {
  const auto after = allocations_.upper_bound(address);
  const Allocation* const next = after == allocations_.end() ? nullptr : &after->second;
  const Allocation* const own = after == allocations_.begin() ? nullptr : &std::prev(after)->second;
  const auto named = [](const Allocation& allocation) {
    return (allocation.is_released ? "released " : "") + allocation.name;
  };
  const auto before_start = [&](const Allocation& allocation) {
    return named(allocation) + ", " + std::to_string(allocation.tensor - address) + " bytes before its start";
  };
  if (own == nullptr) return next == nullptr ? "global memory that was never allocated" : before_start(*next);
  const std::uintptr_t end = own->tensor + own->bytes;
  if (address < own->tensor) return before_start(*own);
  if (address < end) return named(*own) + " + " + std::to_string(address - own->tensor);
  if (next != nullptr && next->tensor - address < address - end) return before_start(*next);
  return named(*own) + ", " + std::to_string(address - end) + " bytes past its end at " + std::to_string(own->bytes);
}

}  // namespace lockstep::simt::check
