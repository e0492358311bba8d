// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_CUDA
#include <memory>

#include "kernels/matmul/matrices.hpp"
#include "kernels/shared/cublas_matmul.hpp"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep {
namespace {

Launch product(const CublasFactor& a, const CublasFactor& b, const MatrixView& d, const char* what, Device& device) {
  auto plan = CublasMatmul::plan(a, b, d, {}, device);
  if (!plan) throw Error(std::string("cuBLAS has no algorithm for ") + what);
  const auto made = std::make_shared<CublasMatmul>(std::move(*plan));
  return [made] { made->run(); };
}

}  // namespace

/// cublasLtMatmul on one product, which may be that of all batches.
Launch matmul_forward_cublas(const Problem& problem, const Tensors& tensors, Device& device) {
  const Matmul op(problem);
  return product({folded(op, matmul_a(op, tensors.inputs[0]))}, {matmul_b(op, tensors.inputs[1]).first},
                 folded(op, matmul_y(op, tensors.outputs[0])), "a b", device);
}

Launch matmul_backward_cublas(const Problem& problem, const Tensors& tensors, Device& device) {
  const Matmul op(problem);
  const MatrixView a = folded(op, matmul_a(op, tensors.inputs[0])), b = matmul_b(op, tensors.inputs[1]).first;
  const MatrixView g = folded(op, matmul_y(op, tensors.inputs[2]));
  const Launch of_a = product({g}, {b, true}, folded(op, matmul_a(op, tensors.outputs[0])), "g b^T", device);
  const Launch of_b = product({a, true}, {g}, matmul_b(op, tensors.outputs[1]).first, "a^T g", device);
  return [of_a, of_b] {
    of_a();
    of_b();
  };
}

}  // namespace lockstep
#endif
