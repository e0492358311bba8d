// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/launch_shape.hpp"

#include <string>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

std::string text(const LaunchExtent& extent) {
  return "(" + std::to_string(extent.x) + "," + std::to_string(extent.y) + "," + std::to_string(extent.z) + ")";
}

void check_extent(const LaunchShape& shape, const char* what, const LaunchExtent& extent, const LaunchExtent& limit) {
  const bool fits = extent.x >= 1 && extent.x <= limit.x && extent.y >= 1 && extent.y <= limit.y && extent.z >= 1 &&
                    extent.z <= limit.z;
  if (!fits)
    throw_launch_failure(
        shape, (std::string(what) + " is " + text(extent) + ", accepted are (1,1,1) to " + text(limit)).c_str());
}

}  // namespace

void throw_launch_failure(const LaunchShape& shape, const char* reason) {
  throw Error("kernel launch at " + std::string(shape.file) + ":" + std::to_string(shape.line) + " refused: " + reason);
}

void check_launch_shape(const LaunchShape& shape) {
  check_extent(shape, "grid", shape.grid, {2147483647, 65535, 65535});
  check_extent(shape, "block", shape.block, {1024, 1024, 64});
  if (shape.block.product() > kMaximumBlockThreads)
    throw_launch_failure(shape, ("block " + text(shape.block) + " has " + std::to_string(shape.block.product()) +
                                 " threads, accepted are 1 to 1024")
                                    .c_str());
  if (shape.dynamic_shared_bytes > kMaximumSharedBytes)
    throw_launch_failure(shape, ("dynamic shared memory of " + std::to_string(shape.dynamic_shared_bytes) +
                                 " bytes, accepted are 0 to 232448 (227 KiB)")
                                    .c_str());
}

}  // namespace lockstep
