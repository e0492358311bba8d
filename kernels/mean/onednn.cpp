// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_ONEDNN
#include <memory>

#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/onednn_memory.hpp"
#include "reference/mean.hpp"

namespace lockstep {
namespace {

/// y as oneDNN wants it: the rank of x with extent 1 along reduced axes, and y's own strides along the others.
dnnl::memory::desc result_layout(const Mean& op, const TensorView& y) {
  Shape shape = op.shape;
  Strides strides(shape.size(), 1);
  std::size_t y_axis = 0;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (op.is_reduced[axis]) shape[axis] = 1;
    if (!op.is_reduced[axis] || op.keepdim) strides[axis] = y.strides[y_axis++];
  }
  return onednn_layout(y.dtype, shape, strides);
}

}  // namespace

/// oneDNN's reduction with the algorithm mean.
Launch mean_forward_onednn(const Problem& problem, const Tensors& tensors, Device&) {
  const Mean op(problem);
  const dnnl::memory::desc source = onednn_layout(tensors.inputs[0]), target = result_layout(op, tensors.outputs[0]);
  const dnnl::reduction::primitive_desc plan({dnnl::algorithm::reduction_mean, source, target, 0.0f, 0.0f},
                                             onednn_engine());
  auto primitive = std::make_shared<dnnl::reduction>(plan);
  std::unordered_map<int, dnnl::memory> arguments{
      {DNNL_ARG_SRC, onednn_memory(tensors.inputs[0])},
      {DNNL_ARG_DST, dnnl::memory(target, onednn_engine(), tensors.outputs[0].data)}};
  return [primitive, arguments] {
    primitive->execute(onednn_stream(), arguments);
    onednn_stream().wait();
  };
}

}  // namespace lockstep
#endif
