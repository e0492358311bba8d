// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_ONEDNN
#include <memory>
#include <vector>

#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/onednn_memory.hpp"
#include "reference/softmax.hpp"

namespace lockstep {
namespace {

dnnl::softmax_forward::primitive_desc forward_plan(const Softmax& op, const dnnl::memory::desc& layout) {
  const dnnl::softmax_forward::desc description(dnnl::prop_kind::forward_training, layout, static_cast<int>(op.dim));
  return {description, onednn_engine()};
}

}  // namespace

/// oneDNN's softmax_forward on the tensor as it lies.
Launch softmax_forward_onednn(const Problem& problem, const Tensors& tensors, Device&) {
  const Softmax op(problem);
  if (op.groups() * op.length == 0) return [] {};
  auto primitive = std::make_shared<dnnl::softmax_forward>(forward_plan(op, onednn_layout(tensors.inputs[0])));
  const std::unordered_map<int, dnnl::memory> arguments{{DNNL_ARG_SRC, onednn_memory(tensors.inputs[0])},
                                                        {DNNL_ARG_DST, onednn_memory(tensors.outputs[0])}};
  return [primitive, arguments] {
    primitive->execute(onednn_stream(), arguments);
    onednn_stream().wait();
  };
}

/// oneDNN's softmax_backward, which reads y; oneDNN's own forward makes it here, outside the timed launch.
Launch softmax_backward_onednn(const Problem& problem, const Tensors& tensors, Device&) {
  const Softmax op(problem);
  if (op.groups() * op.length == 0) return [] {};
  const dnnl::memory::desc layout = onednn_layout(tensors.inputs[0]);
  const auto forward = forward_plan(op, layout);
  const dnnl::memory y(layout, onednn_engine());
  dnnl::softmax_forward(forward).execute(onednn_stream(),
                                         {{DNNL_ARG_SRC, onednn_memory(tensors.inputs[0])}, {DNNL_ARG_DST, y}});
  onednn_stream().wait();

  const dnnl::softmax_backward::desc description(layout, layout, static_cast<int>(op.dim));
  auto primitive = std::make_shared<dnnl::softmax_backward>(
      dnnl::softmax_backward::primitive_desc(description, onednn_engine(), forward));
  const std::unordered_map<int, dnnl::memory> arguments{{DNNL_ARG_DST, y},
                                                        {DNNL_ARG_DIFF_DST, onednn_memory(tensors.inputs[1])},
                                                        {DNNL_ARG_DIFF_SRC, onednn_memory(tensors.outputs[0])}};
  return [primitive, arguments] {
    primitive->execute(onednn_stream(), arguments);
    onednn_stream().wait();
  };
}

}  // namespace lockstep
#endif
