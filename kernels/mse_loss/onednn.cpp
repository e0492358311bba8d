// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_ONEDNN
#include <memory>
#include <unordered_map>

#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/onednn_memory.hpp"
#include "reference/mse_loss.hpp"

namespace lockstep {
namespace {

using Arguments = std::unordered_map<int, dnnl::memory>;

Launch launch_of(dnnl::primitive made, Arguments arguments) {
  auto primitive = std::make_shared<dnnl::primitive>(std::move(made));
  return [primitive, arguments = std::move(arguments)] {
    primitive->execute(onednn_stream(), arguments);
    onednn_stream().wait();
  };
}

/// first - second, with further steps fused into it.
Launch difference(const dnnl::memory& first, const dnnl::memory& second, const dnnl::memory& result,
                  const dnnl::post_ops& steps, Arguments more = {}) {
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(steps);
  const dnnl::binary::desc description(dnnl::algorithm::binary_sub, first.get_desc(), second.get_desc(),
                                       result.get_desc());
  more.insert({{DNNL_ARG_SRC_0, first}, {DNNL_ARG_SRC_1, second}, {DNNL_ARG_DST, result}});
  return launch_of(dnnl::binary({description, attributes, onednn_engine()}), std::move(more));
}

}  // namespace

/// oneDNN's binary with a square fused; for mean and sum its reduction over what that leaves.
Launch mse_loss_forward_onednn(const Problem& problem, const Tensors& tensors, Device&) {
  const MseLoss op(problem);
  const Shape line{op.count};
  const dnnl::memory input = onednn_memory(tensors.inputs[0], line), target = onednn_memory(tensors.inputs[1], line);
  dnnl::post_ops square;
  square.append_eltwise(1.0f, dnnl::algorithm::eltwise_square, 0.0f, 0.0f);
  if (op.reduction == Reduction::none)
    return difference(input, target, onednn_memory(tensors.outputs[0], line), square);

  const dnnl::memory squares(onednn_layout(problem.dtype, line, {1}), onednn_engine());
  const Launch first = difference(input, target, squares, square);
  const dnnl::memory y = onednn_memory(tensors.outputs[0], {1});
  if (op.count == 1) {  // the reduction refuses to reduce nothing
    const Launch copy = launch_of(dnnl::reorder(squares, y), {{DNNL_ARG_FROM, squares}, {DNNL_ARG_TO, y}});
    return [first, copy] {
      first();
      copy();
    };
  }
  const auto kind = op.reduction == Reduction::mean ? dnnl::algorithm::reduction_mean : dnnl::algorithm::reduction_sum;
  const dnnl::reduction::desc description(kind, squares.get_desc(), y.get_desc(), 0.0f, 0.0f);
  const Launch second =
      launch_of(dnnl::reduction({description, onednn_engine()}), {{DNNL_ARG_SRC, squares}, {DNNL_ARG_DST, y}});
  return [first, second] {
    first();
    second();
  };
}

/// oneDNN's binary with the products by g_y and by 2 (or 2 / count) fused, once for each gradient.
Launch mse_loss_backward_onednn(const Problem& problem, const Tensors& tensors, Device&) {
  const MseLoss op(problem);
  const Shape line{op.count};
  const dnnl::memory input = onednn_memory(tensors.inputs[0], line), target = onednn_memory(tensors.inputs[1], line);
  const dnnl::memory g = onednn_memory(tensors.inputs[2], {tensors.inputs[2].count()});
  dnnl::post_ops steps;
  steps.append_binary(dnnl::algorithm::binary_mul, g.get_desc());
  steps.append_eltwise(1.0f, dnnl::algorithm::eltwise_linear, static_cast<float>(2 / op.divisor()), 0.0f);
  const Arguments gradient{{DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, g}};
  const Launch d_input = difference(input, target, onednn_memory(tensors.outputs[0], line), steps, gradient);
  const Launch d_target = difference(target, input, onednn_memory(tensors.outputs[1], line), steps, gradient);
  return [d_input, d_target] {
    d_input();
    d_target();
  };
}

}  // namespace lockstep
#endif
