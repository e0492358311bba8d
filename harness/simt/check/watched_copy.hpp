// SPDX-License-Identifier: Apache-2.0
// For kernels of shared libraries, whose tensors are memory of a host that knows nothing of the check mode.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace lockstep::simt::check {

/// Elements in memory. Extents by axis, outermost first; strides in elements, none below 0.
struct HostTensor {
  std::string name;
  void* data = nullptr;
  std::size_t element_bytes = 1;
  std::vector<std::int64_t> shape = {}, strides = {};
};

/// A copy of a host's tensor in global memory, of which kernels may touch the elements and nothing else: not the gaps of its
/// strides, not what lies around it. As far off a multiple of 256 bytes as the original. Gaps take no memory, however wide.
class WatchedCopy {
 public:
  explicit WatchedCopy(HostTensor host);
  ~WatchedCopy();
  WatchedCopy(WatchedCopy&& other) noexcept;
  WatchedCopy& operator=(WatchedCopy&&) = delete;

  /// Null where the host's is.
  void* data() const { return data_; }
  /// Copies the host's elements here; to kernels the elements are `written`, or unwritten still.
  void bring(bool written);
  /// Copies them back, whatever kernels have made of them.
  void take_back() const;

 private:
  using Visitor = std::function<void(std::size_t first_byte, std::size_t bytes)>;
  /// Each stretch of elements that lie next to each other.
  void visit(const Visitor& visitor, std::size_t axis = 0, std::size_t first_byte = 0) const;

  HostTensor host_;
  std::size_t span_bytes_ = 0;  // from the first element's beginning to the last one's end
  bool has_gaps_ = false;
  std::uint8_t* allocation_ = nullptr;
  std::uint8_t* data_ = nullptr;
};

}  // namespace lockstep::simt::check
