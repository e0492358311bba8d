// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/data/tensor_view.hpp"
#include "harness/data/values.hpp"
#include "harness/device/device.hpp"
#include "harness/simt/global_memory.hpp"

namespace lockstep {

/// A tensor on a device with a canary on both sides, poison in what nobody has written, and a host image to inspect.
class GuardedTensor {
 public:
  /// First poison: all bits set, NaN in every floating dtype and -1 as integer. Second: another pattern, so that what a
  /// launch leaves unwritten differs between two launches whatever the expected value is.
  static constexpr std::uint8_t kFirstPoison = 0xff, kSecondPoison = 0x7f;
  static constexpr std::size_t kGuardBytes = 256;

  /// `name` is what reports of the emulator's check mode call it; there, kernels may touch its elements alone.
  GuardedTensor(Device& device, DType dtype, const Shape& shape, Layout layout, const std::string& name = "tensor");

  /// The tensor on the device.
  const TensorView& view() const { return view_; }
  /// The host image of it; valid after download().
  const TensorView& host_view() const { return host_view_; }

  /// Fills payload and gaps with `poison`, renews the canaries, uploads.
  void poison(std::uint8_t poison);
  /// Poisons, writes `values`, uploads.
  void write(const Values& values);
  void upload();
  /// Brings the device's bytes into the host image (nothing to do where memory is shared).
  void download();

  /// What was written outside the tensor: before it, behind it, or in the gaps of a strided layout. Looks at the image.
  std::optional<std::string> damage() const;
  /// Row-major index of the first element that still is poison, bit for bit, or -1.
  std::int64_t first_unwritten() const;
  /// Hash of the elements (not of gaps and canaries) of the image.
  std::uint64_t hash() const;

 private:
  std::uint8_t* image() { return host_memory_ ? static_cast<std::uint8_t*>(host_memory_) : mirror_.data(); }
  const std::uint8_t* image() const { return const_cast<GuardedTensor*>(this)->image(); }
  /// Tells the emulator what the host has made of the elements.
  void mark(simt::GlobalContent content) const;
  bool has_gaps() const { return span_ != count_; }

  Device* device_;
  std::int64_t count_, span_;
  std::size_t element_bytes_, first_byte_, total_bytes_;
  std::uint8_t poison_ = kFirstPoison;
  DeviceMemory memory_;
  void* host_memory_ = nullptr;
  std::vector<std::uint8_t> mirror_;
  TensorView view_, host_view_;
};

}  // namespace lockstep
