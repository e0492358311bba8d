// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace lockstep {

/// Compute capability of the calling thread's GPU: 90 for 9.0; 0 where there is none, or this build has no CUDA.
int gpu_compute_capability();

}  // namespace lockstep
