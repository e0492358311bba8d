// SPDX-License-Identifier: Apache-2.0
#include "harness/device/guarded_tensor.hpp"

#include <cstring>

#include "harness/data/random.hpp"

namespace lockstep {
namespace {

constexpr std::uint8_t canary(std::size_t position) { return static_cast<std::uint8_t>(0x5a ^ (position * 29)); }

/// Number of damaged bytes in [begin, end) and the position of the first.
struct Damage {
  std::size_t count = 0, first = 0;
};

Damage inspect(const std::uint8_t* image, std::size_t begin, std::size_t end) {
  Damage damage;
  for (std::size_t at = begin; at < end; ++at)
    if (image[at] != canary(at) && damage.count++ == 0) damage.first = at;
  return damage;
}

}  // namespace

GuardedTensor::GuardedTensor(Device& device, DType dtype, const Shape& shape, Layout layout, const std::string& name)
    : device_(&device), count_(element_count(shape)), element_bytes_(size_in_bytes(dtype)) {
  const Strides strides = strides_of(shape, layout);
  span_ = span_in_elements(shape, strides);
  first_byte_ = kGuardBytes + (layout == Layout::unaligned ? element_bytes_ : 0);
  total_bytes_ = first_byte_ + static_cast<std::size_t>(span_) * element_bytes_ + kGuardBytes;
  memory_ = DeviceMemory(device, total_bytes_);
  if (device.shares_host_memory())
    host_memory_ = memory_.get();
  else
    mirror_.resize(total_bytes_);
  view_ = {static_cast<std::uint8_t*>(memory_.get()) + first_byte_, dtype, shape, strides};
  host_view_ = {image() + first_byte_, dtype, shape, strides};
  if (host_memory_) simt::describe_global(view_.data, static_cast<std::size_t>(span_) * element_bytes_, name);
}

void GuardedTensor::mark(simt::GlobalContent content) const {
  if (!host_memory_) return;
  const std::uint8_t* const payload = image() + first_byte_;
  if (!has_gaps()) return simt::mark_global(payload, static_cast<std::size_t>(span_) * element_bytes_, content);
  // Every layout with gaps is strided: gaps lie behind each row of the last axis.
  simt::mark_global(payload, static_cast<std::size_t>(span_) * element_bytes_, simt::GlobalContent::outside);
  const auto row = static_cast<std::size_t>(host_view_.shape.back()) * element_bytes_;
  const auto pitch = static_cast<std::size_t>(host_view_.strides[host_view_.strides.size() - 2]) * element_bytes_;
  for (std::size_t r = 0; r < static_cast<std::size_t>(count_) * element_bytes_ / row; ++r)
    simt::mark_global(payload + r * pitch, row, content);
}

void GuardedTensor::poison(std::uint8_t poison) {
  poison_ = poison;
  std::uint8_t* const bytes = image();
  const std::size_t behind = total_bytes_ - kGuardBytes;
  for (std::size_t at = 0; at < first_byte_; ++at) bytes[at] = canary(at);
  std::memset(bytes + first_byte_, poison, behind - first_byte_);
  for (std::size_t at = behind; at < total_bytes_; ++at) bytes[at] = canary(at);
  upload();
  mark(simt::GlobalContent::unwritten);
}

void GuardedTensor::write(const Values& values) {
  poison(kFirstPoison);
  store(values, host_view_.data, host_view_.strides);
  upload();
  mark(simt::GlobalContent::written);
}

void GuardedTensor::upload() {
  if (!host_memory_) device_->copy_to_device(memory_.get(), mirror_.data(), total_bytes_);
}

void GuardedTensor::download() {
  if (!host_memory_) device_->copy_to_host(mirror_.data(), memory_.get(), total_bytes_);
}

std::optional<std::string> GuardedTensor::damage() const {
  const std::size_t behind = total_bytes_ - kGuardBytes;
  if (const Damage before = inspect(image(), 0, first_byte_); before.count > 0)
    return std::to_string(before.count) + " bytes written before the tensor, the first " +
           std::to_string(first_byte_ - before.first) + " bytes ahead of it";
  if (const Damage after = inspect(image(), behind, total_bytes_); after.count > 0)
    return std::to_string(after.count) + " bytes written behind the tensor, the first " +
           std::to_string(after.first - behind) + " bytes past its end";
  if (!has_gaps()) return std::nullopt;
  // Every layout with gaps is strided: gaps lie behind each row of the last axis.
  const auto row = static_cast<std::size_t>(host_view_.shape.back());
  const auto pitch = static_cast<std::size_t>(host_view_.strides[host_view_.strides.size() - 2]);
  const std::size_t rows = static_cast<std::size_t>(count_) / row;
  for (std::size_t r = 0; r + 1 < rows; ++r) {
    const std::uint8_t* gap = image() + first_byte_ + (r * pitch + row) * element_bytes_;
    for (std::size_t at = 0; at < (pitch - row) * element_bytes_; ++at)
      if (gap[at] != poison_) return "bytes written into the gap behind row " + std::to_string(r);
  }
  return std::nullopt;
}

std::int64_t GuardedTensor::first_unwritten() const {
  std::uint8_t pattern[8];
  std::memset(pattern, poison_, sizeof pattern);
  const std::uint8_t* const payload = image() + first_byte_;
  if (!has_gaps() && count_ > 0) {
    // Poison is one byte repeated: looking for that byte first skips written stretches at the speed of memory.
    const auto bytes = static_cast<std::size_t>(count_) * element_bytes_;
    const std::uint8_t* at = payload;
    while ((at = static_cast<const std::uint8_t*>(
                std::memchr(at, poison_, bytes - static_cast<std::size_t>(at - payload)))) != nullptr) {
      const auto element = static_cast<std::size_t>(at - payload) / element_bytes_;
      if (std::memcmp(payload + element * element_bytes_, pattern, element_bytes_) == 0) {
        if (host_view_.is_contiguous()) return static_cast<std::int64_t>(element);
        break;  // found, but the row-major index needs the search below
      }
      at = payload + (element + 1) * element_bytes_;
      if (at >= payload + bytes) return -1;
    }
    if (at == nullptr) return -1;
  }
  for (std::int64_t index = 0; index < count_; ++index) {
    const std::int64_t offset = offset_of(index, host_view_.shape, host_view_.strides);
    if (std::memcmp(payload + static_cast<std::size_t>(offset) * element_bytes_, pattern, element_bytes_) == 0)
      return index;
  }
  return -1;
}

std::uint64_t GuardedTensor::hash() const {
  const std::uint8_t* const payload = image() + first_byte_;
  if (!has_gaps()) return hash_bytes(payload, static_cast<std::size_t>(count_) * element_bytes_);
  const auto row_bytes = static_cast<std::size_t>(host_view_.shape.back()) * element_bytes_;
  const auto pitch_bytes = static_cast<std::size_t>(host_view_.strides[host_view_.strides.size() - 2]) * element_bytes_;
  std::uint64_t hash = 0;
  const std::size_t rows = static_cast<std::size_t>(count_) * element_bytes_ / row_bytes;
  for (std::size_t r = 0; r < rows; ++r) hash = mix64(hash ^ hash_bytes(payload + r * pitch_bytes, row_bytes));
  return hash;
}

}  // namespace lockstep
