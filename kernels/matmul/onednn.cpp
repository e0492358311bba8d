// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_ONEDNN
#include <memory>
#include <unordered_map>

#include "kernels/matmul/matrices.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/onednn_memory.hpp"

namespace lockstep {
namespace {

/// A matrix, or its transpose, with the strides that it has in memory.
dnnl::memory one_matrix(const MatrixView& matrix, bool transposed = false) {
  const Shape shape = transposed ? Shape{matrix.columns, matrix.rows} : Shape{matrix.rows, matrix.columns};
  const Strides strides = transposed ? Strides{1, matrix.pitch} : Strides{matrix.pitch, 1};
  return {onednn_layout(matrix.tensor.dtype, shape, strides), onednn_engine(), matrix.tensor.data};
}

/// Matrices with the batch axes in front: of extent 1 where the tensor is broadcast, as oneDNN broadcasts.
dnnl::memory matrices(const Matmul& op, const BatchedMatrix& of, bool transposed = false) {
  Shape shape = op.batch;
  Strides strides = of.batch_strides;
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    if (strides[axis] == 0) {
      shape[axis] = 1;
      strides[axis] = of.first.rows * of.first.pitch;
    }
  shape.push_back(transposed ? of.first.columns : of.first.rows);
  shape.push_back(transposed ? of.first.rows : of.first.columns);
  strides.push_back(transposed ? 1 : of.first.pitch);
  strides.push_back(transposed ? of.first.pitch : 1);
  return {onednn_layout(of.first.tensor.dtype, shape, strides), onednn_engine(), of.first.tensor.data};
}

Launch product(const dnnl::memory& a, const dnnl::memory& b, const dnnl::memory& d) {
  auto primitive = std::make_shared<dnnl::matmul>(
      dnnl::matmul::primitive_desc({a.get_desc(), b.get_desc(), d.get_desc()}, onednn_engine()));
  std::unordered_map<int, dnnl::memory> arguments{{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, d}};
  return [primitive, arguments = std::move(arguments)] {
    primitive->execute(onednn_stream(), arguments);
    onednn_stream().wait();
  };
}

}  // namespace

/// oneDNN's matmul on the matrices as they lie; one tall product where b has no batches.
Launch matmul_forward_onednn(const Problem& problem, const Tensors& tensors, Device&) {
  const Matmul op(problem);
  const BatchedMatrix a = matmul_a(op, tensors.inputs[0]), b = matmul_b(op, tensors.inputs[1]);
  const BatchedMatrix y = matmul_y(op, tensors.outputs[0]);
  if (folds_into_rows(op, tensors.inputs[0], tensors.outputs[0]))
    return product(one_matrix(folded(op, a)), one_matrix(b.first), one_matrix(folded(op, y)));
  return product(matrices(op, a), matrices(op, b), matrices(op, y));
}

/// Two products, of transposes by their strides.
Launch matmul_backward_onednn(const Problem& problem, const Tensors& tensors, Device&) {
  const Matmul op(problem);
  const BatchedMatrix a = matmul_a(op, tensors.inputs[0]), b = matmul_b(op, tensors.inputs[1]);
  const BatchedMatrix g = matmul_y(op, tensors.inputs[2]);
  const BatchedMatrix d_a = matmul_a(op, tensors.outputs[0]), d_b = matmul_b(op, tensors.outputs[1]);
  Launch of_a, of_b;
  if (folds_into_rows(op, tensors.inputs[0], tensors.inputs[2])) {
    of_a = product(one_matrix(folded(op, g)), one_matrix(b.first, true), one_matrix(folded(op, d_a)));
    of_b = product(one_matrix(folded(op, a), true), one_matrix(folded(op, g)), one_matrix(d_b.first));
  } else {
    of_a = product(matrices(op, g), matrices(op, b, true), matrices(op, d_a));
    of_b = product(matrices(op, a, true), matrices(op, g), matrices(op, d_b));
  }
  return [of_a, of_b] {
    of_a();
    of_b();
  };
}

}  // namespace lockstep
#endif
