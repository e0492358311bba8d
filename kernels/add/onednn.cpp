// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_ONEDNN
#include <algorithm>
#include <memory>
#include <unordered_map>

#include "kernels/add/padded_view.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/onednn_memory.hpp"
#include "reference/add.hpp"

namespace lockstep {
namespace {

Launch launch_of(dnnl::primitive made, std::unordered_map<int, dnnl::memory> arguments) {
  auto primitive = std::make_shared<dnnl::primitive>(std::move(made));
  return [primitive, arguments = std::move(arguments)] {
    primitive->execute(onednn_stream(), arguments);
    onednn_stream().wait();
  };
}

/// alpha times the sum of the copies' gradients: a reduction with a linear unit behind it, or that unit alone where
/// nothing was broadcast.
Launch gradient(const TensorView& g, const TensorView& result, float alpha) {
  if (g.shape == result.shape) {
    const dnnl::eltwise_forward::primitive_desc plan(
        {dnnl::prop_kind::forward_inference, dnnl::algorithm::eltwise_linear, onednn_layout(g), alpha, 0.0f},
        onednn_engine());
    return launch_of(dnnl::eltwise_forward(plan),
                     {{DNNL_ARG_SRC, onednn_memory(g)}, {DNNL_ARG_DST, onednn_memory(result)}});
  }
  dnnl::post_ops behind;
  if (alpha != 1.0f) behind.append_eltwise(1.0f, dnnl::algorithm::eltwise_linear, alpha, 0.0f);
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(behind);
  const dnnl::reduction::primitive_desc plan(
      {dnnl::algorithm::reduction_sum, onednn_layout(g), onednn_layout(result), 0.0f, 0.0f}, attributes,
      onednn_engine());
  return launch_of(dnnl::reduction(plan), {{DNNL_ARG_SRC, onednn_memory(g)}, {DNNL_ARG_DST, onednn_memory(result)}});
}

}  // namespace

/// oneDNN's binary primitive stretches its second source, so the operand that has y's shape goes first; alpha is a
/// scale of whichever source b became.
Launch add_forward_onednn(const Problem& problem, const Tensors& tensors, Device&) {
  const Add op(problem);
  const std::size_t axes = std::max<std::size_t>(op.y.size(), 1);
  const TensorView a = padded_view(tensors.inputs[0], axes), b = padded_view(tensors.inputs[1], axes),
                   y = padded_view(tensors.outputs[0], axes);
  const bool swapped = a.shape != y.shape;
  const TensorView &first = swapped ? b : a, &second = swapped ? a : b;
  dnnl::primitive_attr attributes;
  if (op.alpha != 1.0)
    attributes.set_scales(swapped ? DNNL_ARG_SRC_0 : DNNL_ARG_SRC_1, 0, {static_cast<float>(op.alpha)});
  const dnnl::binary::primitive_desc plan(
      {dnnl::algorithm::binary_add, onednn_layout(first), onednn_layout(second), onednn_layout(y)}, attributes,
      onednn_engine());
  return launch_of(dnnl::binary(plan), {{DNNL_ARG_SRC_0, onednn_memory(first)},
                                        {DNNL_ARG_SRC_1, onednn_memory(second)},
                                        {DNNL_ARG_DST, onednn_memory(y)}});
}

Launch add_backward_onednn(const Problem& problem, const Tensors& tensors, Device&) {
  const Add op(problem);
  const std::size_t axes = std::max<std::size_t>(op.y.size(), 1);
  const TensorView g = padded_view(tensors.inputs[0], axes);
  const Launch of_a = gradient(g, padded_view(tensors.outputs[0], axes), 1.0f);
  const Launch of_b = gradient(g, padded_view(tensors.outputs[1], axes), static_cast<float>(op.alpha));
  return [of_a, of_b] {
    of_a();
    of_b();
  };
}

}  // namespace lockstep
#endif
