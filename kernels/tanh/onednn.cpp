// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_ONEDNN
#include "kernels/shared/onednn_eltwise.hpp"

namespace lockstep {

Launch tanh_onednn(const Problem& problem, const Tensors& tensors, Device&) {
  return onednn_eltwise(problem, tensors, dnnl::algorithm::eltwise_tanh, 0.0f);
}

}  // namespace lockstep
#endif
