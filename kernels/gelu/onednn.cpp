// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_ONEDNN
#include "kernels/shared/onednn_eltwise.hpp"
#include "reference/gelu.hpp"

namespace lockstep {

Launch gelu_onednn(const Problem& problem, const Tensors& tensors, Device&) {
  const auto form = Gelu(problem).tanh_form ? dnnl::algorithm::eltwise_gelu_tanh : dnnl::algorithm::eltwise_gelu_erf;
  return onednn_eltwise(problem, tensors, form, 0.0f);
}

}  // namespace lockstep
#endif
