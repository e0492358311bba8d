// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/far_tensor.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

namespace lockstep {
namespace {

constexpr std::int64_t kFar = std::int64_t{1} << 31;
// Rows start on a multiple of this many elements, as in a wider tensor that vector loads can walk.
constexpr std::int64_t kPitchMultiple = 512;
constexpr std::size_t kMargin = 256;  // canaries on both sides of a row
constexpr std::uint8_t kCanary = 0x5a;

std::int64_t rows_of(const Shape& shape) { return element_count(shape) / std::max<std::int64_t>(shape.back(), 1); }

Strides far_strides(const Shape& shape) {
  const std::int64_t least = std::max(kFar / (rows_of(shape) - 1) + 1, 2 * shape.back() + kPitchMultiple);
  Strides strides(shape.size(), 1);
  std::int64_t stride = (least + kPitchMultiple - 1) / kPitchMultiple * kPitchMultiple;
  for (std::size_t axis = shape.size() - 1; axis-- > 0;) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

}  // namespace

bool FarTensor::takes(const Shape& shape) { return shape.size() >= 2 && element_count(shape) > shape.back(); }

FarTensor::FarTensor(DType dtype, const Shape& shape)
    : element_bytes_(size_in_bytes(dtype)),
      row_bytes_(static_cast<std::size_t>(shape.back()) * element_bytes_),
      rows_(rows_of(shape)),
      view_{nullptr, dtype, shape, far_strides(shape)} {
  mapped_bytes_ = static_cast<std::size_t>(span_in_elements(shape, view_.strides)) * element_bytes_ + 2 * kMargin;
  memory_ = mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory_ == MAP_FAILED)
    throw NoAddressSpace("an address space of " + std::to_string(mapped_bytes_ >> 20) + " MiB cannot be reserved here");
  madvise(memory_, mapped_bytes_, MADV_NOHUGEPAGE);  // or each row would cost two megabytes
  view_.data = static_cast<std::uint8_t*>(memory_) + kMargin;
}

FarTensor::~FarTensor() { munmap(memory_, mapped_bytes_); }

std::uint8_t* FarTensor::row(std::int64_t index) const {
  const std::int64_t pitch = view_.strides[view_.strides.size() - 2];
  return view_.as<std::uint8_t>() + static_cast<std::size_t>(index * pitch) * element_bytes_;
}

void FarTensor::poison(std::uint8_t poison) {
  for (std::int64_t r = 0; r < rows_; ++r) {
    std::memset(row(r) - kMargin, kCanary, kMargin);
    std::memset(row(r), poison, row_bytes_);
    std::memset(row(r) + row_bytes_, kCanary, kMargin);
  }
}

void FarTensor::write(const Values& values) {
  poison(0xff);
  store(values, view_.data, view_.strides);
}

std::vector<std::uint8_t> FarTensor::bytes() const {
  std::vector<std::uint8_t> all(static_cast<std::size_t>(rows_) * row_bytes_);
  for (std::int64_t r = 0; r < rows_; ++r)
    std::memcpy(all.data() + static_cast<std::size_t>(r) * row_bytes_, row(r), row_bytes_);
  return all;
}

std::optional<std::string> FarTensor::damage() const {
  const auto intact = [](const std::uint8_t* bytes) {
    return std::all_of(bytes, bytes + kMargin, [](std::uint8_t byte) { return byte == kCanary; });
  };
  for (std::int64_t r = 0; r < rows_; ++r) {
    if (!intact(row(r) - kMargin)) return "bytes written ahead of row " + std::to_string(r);
    if (!intact(row(r) + row_bytes_)) return "bytes written behind row " + std::to_string(r);
  }
  return std::nullopt;
}

}  // namespace lockstep
