// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "harness/device/device.hpp"

namespace lockstep {

/// The GPU of that index, which becomes the current one of the calling thread; make_gpu_device gives that of index 0.
/// Throws Error when there is none or this build has no CUDA.
std::unique_ptr<Device> make_gpu_device_by_index(int index);

}  // namespace lockstep
