// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "harness/measure/measurement.hpp"

namespace lockstep {

/// The three times of a launch on the GPU (DESIGN 4). `launches` do the same work on different buffers, together at least
/// three times the L2 cache, so that replaying them in turn never finds its inputs there by accident.
/// Without a GPU: throws Error.
std::vector<Measurement> measure_on_gpu(Device& device, const std::vector<std::function<void()>>& launches,
                                        const MeasurePolicy& policy);

}  // namespace lockstep
