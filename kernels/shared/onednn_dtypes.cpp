// SPDX-License-Identifier: Apache-2.0
#include "kernels/shared/onednn_dtypes.hpp"

#ifdef LOCKSTEP_WITH_ONEDNN
#include <oneapi/dnnl/dnnl.hpp>
#endif

namespace lockstep {

std::optional<std::string> not_on_this_processor_in_onednn([[maybe_unused]] DType dtype) {
#ifdef LOCKSTEP_WITH_ONEDNN
  const auto isa = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  const auto needed = static_cast<unsigned>(dnnl::cpu_isa::avx512_core);
  if (dtype == DType::bf16 && (isa & needed) != needed) return "oneDNN takes bf16 on processors with AVX-512";
#endif
  return std::nullopt;
}

}  // namespace lockstep
