// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "harness/measure/measurement.hpp"

namespace lockstep {

/// The three times of a launch on the GPU (DESIGN 4). `launches` do the same work on different buffers, together at least
/// three times the L2 cache, so that replaying them in turn never finds its inputs there by accident.
/// Without CUDA in this build: throws Error.
std::vector<Measurement> measure_on_gpu(Device& device, const std::vector<std::function<void()>>& launches,
                                        const MeasurePolicy& policy);

/// Bytes of the GPU's L2 cache; 0 without a GPU.
std::size_t gpu_l2_bytes();

}  // namespace lockstep
