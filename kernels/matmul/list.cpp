// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "kernels/implementations.hpp"
#include "kernels/linear/onednn.hpp"
#include "kernels/matmul/matrices.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/matrix_units.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(matmul_forward_tiled)
LOCKSTEP_DECLARE_KERNEL(matmul_backward_tiled)
LOCKSTEP_DECLARE_KERNEL(matmul_forward_tensor_core)
LOCKSTEP_DECLARE_KERNEL(matmul_backward_tensor_core)
Launch matmul_forward_onednn(const Problem&, const Tensors&, Device&);
Launch matmul_backward_onednn(const Problem&, const Tensors&, Device&);
Launch matmul_forward_cublas(const Problem&, const Tensors&, Device&);
Launch matmul_backward_cublas(const Problem&, const Tensors&, Device&);

namespace {

using Reason = std::optional<std::string>;

/// A tensor laid out as the problem's, without memory.
TensorView laid_out(const Problem& problem, const Shape& shape) {
  return {nullptr, problem.dtype, shape, strides_of(shape, problem.layout)};
}

/// Whether all batches are rows of one product, judged by the problem's layout.
bool folds(const Problem& problem) {
  const Matmul op(problem);
  return folds_into_rows(op, laid_out(problem, op.a), laid_out(problem, op.y));
}

/// Kernels walk rows of neighbours.
Reason not_tiled(const Problem& problem) {
  const Matmul op(problem);
  if (problem.layout == Layout::channels_last && std::max({op.a.size(), op.b.size(), op.y.size()}) >= 4)
    return "channels_last tears the rows of a matrix apart; accepted: contiguous, strided, unaligned";
  constexpr std::int64_t kMostCopies = 65535;  // blocks along y; sums of so many batches are not split further
  if (problem.direction == Direction::backward && !folds(problem) &&
      std::max(op.a_copies(), op.b_copies()) > kMostCopies)
    return "more than 65535 batches share a matrix";
  return std::nullopt;
}

Reason off_chunks(const Problem& problem) {
  if (const auto reason = not_tiled(problem)) return reason;
  if (problem.layout == Layout::unaligned) return kUnalignedForChunks;
  const Matmul op(problem);
  const auto check = [&](const char* name, const BatchedMatrix& matrix) -> Reason {
    if (const auto reason = rows_off_chunks(name, matrix.first)) return reason;
    return batches_off_chunks(name, matrix.batch_strides, problem.dtype);
  };
  if (const auto reason = check("a", matmul_a(op, laid_out(problem, op.a)))) return reason;
  if (const auto reason = check("b", matmul_b(op, laid_out(problem, op.b)))) return reason;
  if (problem.direction == Direction::forward) return std::nullopt;
  return check("g_y", matmul_y(op, laid_out(problem, op.y)));
}

Reason not_for_vendors(const Problem& problem) {
  const Matmul op(problem);
  if (op.batches() < 1 || op.m < 1 || op.n < 1 || op.k < 1) return "the vendors' products take no empty matrices";
  if (problem.direction == Direction::backward && !folds(problem) && std::max(op.a_copies(), op.b_copies()) > 1)
    return "the vendors' products do not sum over the batches that share a matrix";
  return not_tiled(problem);
}

Reason not_for_onednn(const Problem& problem) {
  if (const auto reason = not_for_onednn_dtype(problem)) return reason;
  if (Matmul(problem).batch.size() > 10) return "oneDNN takes up to 12 axes";
  return not_for_vendors(problem);
}

Reason not_for_cublas(const Problem& problem) {
  if (Matmul(problem).batches() > 1 && !folds(problem)) return "cuBLAS is given single products here";
  return not_for_vendors(problem);
}

PrecisionContract any_order(const Problem&) { return float_accumulation(1); }

/// The gradient of a factor that batches share adds a part for each of them, however few terms it has.
PrecisionContract tensor_core_contract(const Problem& problem) {
  const Matmul op(problem);
  if (problem.direction == Direction::forward) return matrix_unit_contract(problem.dtype, kTermsOfPart, {op.k});
  const bool parts_are_long = folds(problem) || std::max(op.a_copies(), op.b_copies()) <= 1;
  const std::int64_t rows = folds(problem) ? op.m * op.batches() : op.m;
  return matrix_unit_contract(problem.dtype, parts_are_long ? kTermsOfPart : 1, {op.n, rows});
}

std::int64_t tensor_core_work(const Problem& problem) {
  const Matmul op(problem);
  const std::int64_t batches = folds(problem) ? 1 : op.batches(), rows = folds(problem) ? op.m * op.batches() : op.m;
  if (problem.direction == Direction::forward) return batches * unit_products(rows, op.n, op.k);
  return batches * (unit_products(rows, op.k, op.n) + unit_products(op.k, op.n, rows));
}

}  // namespace

std::vector<Implementation> matmul_implementations() {
  using enum Direction;
  std::vector<Implementation> list = {
      cuda_kernel("tiled", forward, LOCKSTEP_KERNEL(matmul_forward_tiled), not_tiled, any_order),
      cuda_kernel("tiled", backward, LOCKSTEP_KERNEL(matmul_backward_tiled), not_tiled, any_order),
      vendor_call(Backend::cublas, "matmul", forward, LOCKSTEP_CUDA_LIBRARY(matmul_forward_cublas), not_for_cublas,
                  vendor_product_contract),
      vendor_call(Backend::cublas, "matmul", backward, LOCKSTEP_CUDA_LIBRARY(matmul_backward_cublas), not_for_cublas,
                  vendor_product_contract),
      vendor_call(Backend::onednn, "matmul", forward, LOCKSTEP_ONEDNN(matmul_forward_onednn), not_for_onednn,
                  any_order),
      vendor_call(Backend::onednn, "matmul", backward, LOCKSTEP_ONEDNN(matmul_backward_onednn), not_for_onednn,
                  any_order),
  };
  const MatrixUnitTraits on_units{off_chunks, tensor_core_contract, tensor_core_work};
  add_tensor_core_kernels(list, forward, LOCKSTEP_KERNEL(matmul_forward_tensor_core), on_units);
  add_tensor_core_kernels(list, backward, LOCKSTEP_KERNEL(matmul_backward_tensor_core), on_units);
  return list;
}

}  // namespace lockstep
