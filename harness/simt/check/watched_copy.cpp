// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/check/watched_copy.hpp"

#include <utility>

#include "harness/simt/check/plain_memory.hpp"
#include "harness/simt/check/registry.hpp"
#include "harness/simt/global_memory.hpp"

namespace lockstep::simt::check {

WatchedCopy::WatchedCopy(HostTensor host) : host_(std::move(host)) {
  if (host_.data == nullptr) return;
  std::int64_t span = 1, count = 1;
  for (std::size_t axis = 0; axis < host_.shape.size(); ++axis) {
    span += (host_.shape[axis] - 1) * host_.strides[axis];
    count *= host_.shape[axis];
  }
  has_gaps_ = count != 0 && span != count;
  span_bytes_ = count == 0 ? 0 : static_cast<std::size_t>(span) * host_.element_bytes;
  constexpr std::size_t kAlignment = 256;
  const std::size_t skew = reinterpret_cast<std::uintptr_t>(host_.data) % kAlignment;
  allocation_ = static_cast<std::uint8_t*>(reserve_global(skew, span_bytes_, host_.name));
  data_ = allocation_ + skew;
}

WatchedCopy::WatchedCopy(WatchedCopy&& other) noexcept
    : host_(std::move(other.host_)),
      span_bytes_(other.span_bytes_),
      has_gaps_(other.has_gaps_),
      allocation_(std::exchange(other.allocation_, nullptr)),
      data_(std::exchange(other.data_, nullptr)) {}

WatchedCopy::~WatchedCopy() { release_global(allocation_); }

void WatchedCopy::bring(bool written) {
  visit([&](std::size_t first_byte, std::size_t bytes) {
    copy_plainly(data_ + first_byte, static_cast<const std::uint8_t*>(host_.data) + first_byte, bytes);
    mark_global(data_ + first_byte, bytes, written ? GlobalContent::written : GlobalContent::unwritten);
  });
}

void WatchedCopy::take_back() const {
  visit([&](std::size_t first_byte, std::size_t bytes) {
    copy_plainly(static_cast<std::uint8_t*>(host_.data) + first_byte, data_ + first_byte, bytes);
  });
}

void WatchedCopy::visit(const Visitor& visitor, std::size_t axis, std::size_t first_byte) const {
  if (span_bytes_ == 0) return;
  if (!has_gaps_) return visitor(0, span_bytes_);
  if (axis == host_.shape.size()) return visitor(first_byte, host_.element_bytes);
  const auto extent = static_cast<std::size_t>(host_.shape[axis]);
  const std::size_t step = static_cast<std::size_t>(host_.strides[axis]) * host_.element_bytes;
  if (axis + 1 == host_.shape.size() && host_.strides[axis] == 1) return visitor(first_byte, extent * step);
  for (std::size_t i = 0; i < extent; ++i) visit(visitor, axis + 1, first_byte + i * step);
}

}  // namespace lockstep::simt::check
