// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace lockstep {

/// Extents of a grid (in blocks) or of a block (in threads) along x, y and z. 64-bit, so that a product computed from
/// tensor extents arrives whole and is refused, where CUDA's dim3 would silently wrap it.
struct LaunchExtent {
  std::int64_t x = 1, y = 1, z = 1;

  constexpr LaunchExtent(std::int64_t x_extent = 1, std::int64_t y_extent = 1, std::int64_t z_extent = 1)
      : x(x_extent), y(y_extent), z(z_extent) {}
  /// From dim3 and its like.
  template <class Extents>
  requires requires(const Extents& extents) { extents.x + extents.y + extents.z; }
  constexpr LaunchExtent(const Extents& extents) : x(extents.x), y(extents.y), z(extents.z) {}

  constexpr std::int64_t product() const { return x * y * z; }
};

/// How a kernel is launched. `dynamic_shared_bytes` is what LOCKSTEP_DYNAMIC_SHARED yields inside the kernel.
/// `file` and `line` say in messages where the shape was written; leave them to their defaults.
struct LaunchShape {
  LaunchExtent grid;
  LaunchExtent block;
  std::size_t dynamic_shared_bytes = 0;
  const char* file = __builtin_FILE();
  int line = __builtin_LINE();
};

/// Most threads of a block, and most bytes of shared memory of a block, static and dynamic (compute capability 9.0).
inline constexpr std::int64_t kMaximumBlockThreads = 1024;
inline constexpr std::size_t kMaximumSharedBytes = 227 * 1024;
/// What a kernel may use without asking the driver for more, and the most that static arrays alone may take.
inline constexpr std::size_t kMaximumStaticSharedBytes = 48 * 1024;

/// Throws Error where a device of compute capability 9.0 would refuse the launch: an empty extent, more than 1024
/// threads (64 along z) a block, more than 2^31-1 blocks along x or 65535 along y and z, more than 227 KiB of shared
/// memory. Both machines call it, so that a launch the emulator accepts is one that the device accepts.
void check_launch_shape(const LaunchShape& shape);

/// Throws Error with CUDA's own words for a launch that failed, and where its shape was written.
[[noreturn]] void throw_launch_failure(const LaunchShape& shape, const char* reason);

}  // namespace lockstep
