// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_ONEDNN
#include <memory>

#include "kernels/linear/matrices.hpp"
#include "kernels/linear/onednn.hpp"
#include "kernels/shared/onednn_memory.hpp"

namespace lockstep {
namespace {

/// A matrix, or its transpose, with the strides that it has in memory.
dnnl::memory matrix_memory(const MatrixView& matrix, bool transposed = false) {
  const Shape shape = transposed ? Shape{matrix.columns, matrix.rows} : Shape{matrix.rows, matrix.columns};
  const Strides strides = transposed ? Strides{1, matrix.pitch} : Strides{matrix.pitch, 1};
  return {onednn_layout(matrix.tensor.dtype, shape, strides), onednn_engine(), matrix.tensor.data};
}

/// d = a b + bias; `bias` has no memory where there is none.
Launch product(const dnnl::memory& a, const dnnl::memory& b, const dnnl::memory& bias, const dnnl::memory& d) {
  const bool biased = static_cast<bool>(bias);
  const auto description = biased ? dnnl::matmul::desc(a.get_desc(), b.get_desc(), bias.get_desc(), d.get_desc())
                                  : dnnl::matmul::desc(a.get_desc(), b.get_desc(), d.get_desc());
  auto primitive = std::make_shared<dnnl::matmul>(dnnl::matmul::primitive_desc(description, onednn_engine()));
  std::unordered_map<int, dnnl::memory> arguments{{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, d}};
  if (biased) arguments.emplace(DNNL_ARG_BIAS, bias);
  return [primitive, arguments = std::move(arguments)] {
    primitive->execute(onednn_stream(), arguments);
    onednn_stream().wait();
  };
}

Launch sum_over_rows(const MatrixView& matrix, const TensorView& sums) {
  const dnnl::memory from = matrix_memory(matrix);
  const dnnl::memory to = onednn_memory(sums, {1, matrix.columns});
  if (matrix.rows == 1) {  // the reduction refuses to reduce nothing
    auto copy = std::make_shared<dnnl::reorder>(from, to);
    return [copy, from, to] {
      copy->execute(onednn_stream(), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
      onednn_stream().wait();
    };
  }
  const dnnl::reduction::desc description(dnnl::algorithm::reduction_sum, from.get_desc(), to.get_desc(), 0.0f, 0.0f);
  auto primitive = std::make_shared<dnnl::reduction>(dnnl::reduction::primitive_desc(description, onednn_engine()));
  return [primitive, from, to] {
    primitive->execute(onednn_stream(), {{DNNL_ARG_SRC, from}, {DNNL_ARG_DST, to}});
    onednn_stream().wait();
  };
}

}  // namespace

/// oneDNN's matmul, which takes rows at any distance; the weight is transposed by its strides.
Launch linear_forward_onednn_matmul(const Problem& problem, const Tensors& tensors, Device&) {
  const Linear op(problem);
  const dnnl::memory bias = op.bias ? onednn_memory(tensors.inputs[2], {1, op.out_features}) : dnnl::memory();
  return product(matrix_memory(linear_x(op, tensors.inputs[0])),
                 matrix_memory(linear_weight(op, tensors.inputs[1]), true), bias,
                 matrix_memory(linear_y(op, tensors.outputs[0])));
}

/// Two products, and oneDNN's reduction for d_bias.
Launch linear_backward_onednn_matmul(const Problem& problem, const Tensors& tensors, Device&) {
  const Linear op(problem);
  const MatrixView g = linear_y(op, tensors.inputs[2]);
  const Launch d_x = product(matrix_memory(g), matrix_memory(linear_weight(op, tensors.inputs[1])), {},
                             matrix_memory(linear_x(op, tensors.outputs[0])));
  const Launch d_weight = product(matrix_memory(g, true), matrix_memory(linear_x(op, tensors.inputs[0])), {},
                                  matrix_memory(linear_weight(op, tensors.outputs[1])));
  const Launch d_bias = op.bias ? sum_over_rows(g, tensors.outputs[2]) : Launch([] {});
  return [=] {
    d_x();
    d_weight();
    d_bias();
  };
}

}  // namespace lockstep
#endif
