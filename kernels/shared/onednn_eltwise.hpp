// SPDX-License-Identifier: Apache-2.0
#pragma once

#ifdef LOCKSTEP_WITH_ONEDNN
#include "harness/plan/implementation.hpp"
#include "kernels/shared/onednn_memory.hpp"

namespace lockstep {

/// oneDNN's elementwise primitive, forward (x -> y) or backward (x, g_y -> d_x) by the problem's direction. The tensors
/// are dense and lie in one order, so that they are seen as one axis. `slope` is the primitive's parameter alpha.
Launch onednn_eltwise(const Problem& problem, const Tensors& tensors, dnnl::algorithm algorithm, float slope);

}  // namespace lockstep
#endif
