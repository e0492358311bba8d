// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "kernels/linear/matrices.hpp"
#include "kernels/linear/onednn.hpp"
#include "kernels/shared/onednn_dtypes.hpp"
#include "kernels/shared/onednn_memory.hpp"

namespace lockstep {

std::optional<std::string> not_for_onednn_dtype(const Problem& problem) {
  if (problem.dtype == DType::f16) return "oneDNN 2 has no f16 products on the CPU";
  return not_on_this_processor_in_onednn(problem.dtype);
}

#ifdef LOCKSTEP_WITH_ONEDNN
namespace {

using Arguments = std::unordered_map<int, dnnl::memory>;

/// A tensor as a contiguous matrix of shape `matrix`.
dnnl::memory::desc layout_of(const TensorView& tensor, const Shape& matrix) {
  return onednn_layout(tensor.dtype, matrix, row_major_strides(matrix));
}

/// The matrices' shapes under oneDNN's names: src [rows, in], weights [out, in], dst [rows, out].
struct Shapes {
  Shape src, weights, dst, bias;
  explicit Shapes(const Linear& op)
      : src{op.rows, op.in_features},
        weights{op.out_features, op.in_features},
        dst{op.rows, op.out_features},
        bias{op.out_features} {}
};

dnnl::inner_product_forward::primitive_desc forward_plan(const Shapes& s, const TensorView& x, bool bias) {
  const auto kind = dnnl::prop_kind::forward_training;
  const auto src = layout_of(x, s.src), weights = layout_of(x, s.weights), dst = layout_of(x, s.dst);
  const auto description = bias ? dnnl::inner_product_forward::desc(kind, src, weights, layout_of(x, s.bias), dst)
                                : dnnl::inner_product_forward::desc(kind, src, weights, dst);
  return {description, onednn_engine()};
}

template <class Primitive>
Launch launch_of(const typename Primitive::primitive_desc& plan, Arguments arguments) {
  auto primitive = std::make_shared<Primitive>(plan);
  return [primitive, arguments = std::move(arguments)] {
    primitive->execute(onednn_stream(), arguments);
    onednn_stream().wait();
  };
}

}  // namespace

/// oneDNN's inner_product on plain contiguous matrices.
Launch linear_forward_onednn_inner_product(const Problem& problem, const Tensors& tensors, Device&) {
  const Linear op(problem);
  const Shapes s(op);
  Arguments arguments{{DNNL_ARG_SRC, onednn_memory(tensors.inputs[0], s.src)},
                      {DNNL_ARG_WEIGHTS, onednn_memory(tensors.inputs[1], s.weights)},
                      {DNNL_ARG_DST, onednn_memory(tensors.outputs[0], s.dst)}};
  if (op.bias) arguments.emplace(DNNL_ARG_BIAS, onednn_memory(tensors.inputs[2], s.bias));
  return launch_of<dnnl::inner_product_forward>(forward_plan(s, tensors.inputs[0], op.bias), std::move(arguments));
}

Launch linear_backward_onednn_inner_product(const Problem& problem, const Tensors& tensors, Device&) {
  const Linear op(problem);
  const Shapes s(op);
  const TensorView& x = tensors.inputs[0];
  const auto src = layout_of(x, s.src), weights = layout_of(x, s.weights), dst = layout_of(x, s.dst);
  const auto forward = forward_plan(s, x, op.bias);

  const dnnl::inner_product_backward_data::primitive_desc data_plan({src, weights, dst}, onednn_engine(), forward);
  const Launch data = launch_of<dnnl::inner_product_backward_data>(
      data_plan, {{DNNL_ARG_DIFF_DST, onednn_memory(tensors.inputs[2], s.dst)},
                  {DNNL_ARG_WEIGHTS, onednn_memory(tensors.inputs[1], s.weights)},
                  {DNNL_ARG_DIFF_SRC, onednn_memory(tensors.outputs[0], s.src)}});

  using Weights = dnnl::inner_product_backward_weights;
  const auto description =
      op.bias ? Weights::desc(src, weights, layout_of(x, s.bias), dst) : Weights::desc(src, weights, dst);
  Arguments arguments{{DNNL_ARG_SRC, onednn_memory(x, s.src)},
                      {DNNL_ARG_DIFF_DST, onednn_memory(tensors.inputs[2], s.dst)},
                      {DNNL_ARG_DIFF_WEIGHTS, onednn_memory(tensors.outputs[1], s.weights)}};
  if (op.bias) arguments.emplace(DNNL_ARG_DIFF_BIAS, onednn_memory(tensors.outputs[2], s.bias));
  const Launch weight_gradients =
      launch_of<Weights>(Weights::primitive_desc(description, onednn_engine(), forward), std::move(arguments));
  return [=] {
    data();
    weight_gradients();
  };
}
#endif

}  // namespace lockstep
