// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace lockstep::simt::check {

struct Allocation {
  std::uintptr_t base = 0;
  std::size_t reserved = 0;   // whole pages, of which the last belongs to nobody
  std::uintptr_t tensor = 0;  // what kernels may touch
  std::size_t bytes = 0;
  std::string name = {};
  bool is_released = false;
};

/// Gives out ranges of [begin, end), pages apart, going round: an address that was released is given out again as late as
/// possible, and until then it is known whose it was. Addresses only: no memory is touched.
class AddressRing {
 public:
  AddressRing() = default;
  AddressRing(std::uintptr_t begin, std::uintptr_t end) : begin_(begin + kPage), end_(end), next_(begin_) {}

  /// Throws Error when no range is left.
  std::uintptr_t take(std::size_t bytes);
  void release(std::uintptr_t base);
  /// The allocation whose pages hold the address, released or not; null if there is none.
  Allocation* at(std::uintptr_t address);
  /// "'x' + 12", "released 'x' + 12", or by how much the address lies outside of the nearest one.
  std::string describe(std::uintptr_t address) const;

 private:
  static constexpr std::size_t kPage = 4096;
  using Allocations = std::map<std::uintptr_t, Allocation>;  // by base

  Allocations::iterator at_or_before(std::uintptr_t address);

  Allocations allocations_;
  std::uintptr_t begin_ = 0, end_ = 0, next_ = 0;
};

}  // namespace lockstep::simt::check
