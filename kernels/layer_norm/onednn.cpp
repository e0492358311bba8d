// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_ONEDNN
#include <memory>

#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/onednn_memory.hpp"
#include "reference/layer_norm.hpp"

namespace lockstep {

/// oneDNN's layer_normalization_forward on x seen as [rows, columns]; scale and shift are separate tensors.
Launch layer_norm_forward_onednn(const Problem& problem, const Tensors& tensors, Device&) {
  const LayerNorm op(problem);
  const Shape matrix{op.rows, op.columns};
  auto flags = dnnl::normalization_flags::none;
  if (op.affine) flags = dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
  const auto layout = onednn_layout(problem.dtype, matrix, row_major_strides(matrix));
  const dnnl::layer_normalization_forward::desc description(dnnl::prop_kind::forward_inference, layout,
                                                            static_cast<float>(op.eps), flags);
  const dnnl::layer_normalization_forward::primitive_desc plan(description, onednn_engine());
  auto primitive = std::make_shared<dnnl::layer_normalization_forward>(plan);
  std::unordered_map<int, dnnl::memory> arguments{{DNNL_ARG_SRC, onednn_memory(tensors.inputs[0], matrix)},
                                                  {DNNL_ARG_DST, onednn_memory(tensors.outputs[0], matrix)}};
  if (op.affine) {
    const Shape columns{op.columns};
    arguments.emplace(DNNL_ARG_SCALE, onednn_memory(tensors.inputs[1], columns));
    arguments.emplace(DNNL_ARG_SHIFT, onednn_memory(tensors.inputs[2], columns));
  }
  return [primitive, arguments] {
    primitive->execute(onednn_stream(), arguments);
    onednn_stream().wait();
  };
}

}  // namespace lockstep
#endif
