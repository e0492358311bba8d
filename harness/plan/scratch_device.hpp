// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <map>
#include <optional>
#include <string>

#include "harness/device/device.hpp"

namespace lockstep {

/// The device beneath, with an eye on the scratch memory that an implementation asks for while it prepares: each allocation
/// begins as 0xff bytes (NaN in every floating dtype), has a guard on both sides, and counts against a limit. `beneath` is
/// borrowed. Everything that was allocated here must be released before this ends.
class ScratchDevice final : public Device {
 public:
  static constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

  explicit ScratchDevice(Device& beneath, std::size_t limit_bytes = kUnlimited)
      : beneath_(beneath), limit_bytes_(limit_bytes) {}

  DeviceKind kind() const override { return beneath_.kind(); }
  bool shares_host_memory() const override { return beneath_.shares_host_memory(); }
  /// Throws Error when more than the limit would be held at once.
  void* allocate(std::size_t bytes) override;
  void release(void* memory) noexcept override;
  void copy_to_device(void* to, const void* from, std::size_t bytes) override {
    beneath_.copy_to_device(to, from, bytes);
  }
  void copy_to_host(void* to, const void* from, std::size_t bytes) override { beneath_.copy_to_host(to, from, bytes); }
  void synchronize() override { beneath_.synchronize(); }
  void* stream() const override { return beneath_.stream(); }

  std::size_t limit_bytes() const { return limit_bytes_; }
  /// The most bytes that were held at once.
  std::size_t most_bytes() const { return most_bytes_; }
  /// What was written outside of an allocation that is held now.
  std::optional<std::string> damage();

 private:
  Device& beneath_;
  std::size_t limit_bytes_, held_bytes_ = 0, most_bytes_ = 0;
  std::map<void*, std::size_t> held_;  // bytes by what was handed out
};

}  // namespace lockstep
