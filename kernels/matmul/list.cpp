// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "kernels/implementations.hpp"
#include "kernels/linear/onednn.hpp"
#include "kernels/matmul/matrices.hpp"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(matmul_forward_tiled)
LOCKSTEP_DECLARE_KERNEL(matmul_backward_tiled)
Launch matmul_forward_onednn(const Problem&, const Tensors&, Device&);
Launch matmul_backward_onednn(const Problem&, const Tensors&, Device&);
Launch matmul_forward_cublas(const Problem&, const Tensors&, Device&);
Launch matmul_backward_cublas(const Problem&, const Tensors&, Device&);

namespace {

using Reason = std::optional<std::string>;

/// Whether all batches are rows of one product, judged by the problem's layout.
bool folds(const Problem& problem) {
  const Matmul op(problem);
  const auto view = [&](const Shape& shape) {
    return TensorView{nullptr, problem.dtype, shape, strides_of(shape, problem.layout)};
  };
  return folds_into_rows(op, view(op.a), view(op.y));
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

/// f32 is multiplied in f32; f16 and bf16 go through matrix units, which truncate: the largest loss of those from
/// compute capability 7.5 on (8 products a step, 24 bits).
PrecisionContract cublas_contract(const Problem& problem) {
  PrecisionContract contract = float_accumulation(1);
  if (problem.dtype == DType::f32) return contract;
  contract.truncation_per_term = 1.375;
  contract.unbiased = false;
  return contract;
}

}  // namespace

std::vector<Implementation> matmul_implementations() {
  using enum Direction;
  return {
      cuda_kernel("tiled", forward, LOCKSTEP_KERNEL(matmul_forward_tiled), not_tiled, any_order),
      cuda_kernel("tiled", backward, LOCKSTEP_KERNEL(matmul_backward_tiled), not_tiled, any_order),
      vendor_call(Backend::cublas, "matmul", forward, LOCKSTEP_CUDA_LIBRARY(matmul_forward_cublas), not_for_cublas,
                  cublas_contract),
      vendor_call(Backend::cublas, "matmul", backward, LOCKSTEP_CUDA_LIBRARY(matmul_backward_cublas), not_for_cublas,
                  cublas_contract),
      vendor_call(Backend::onednn, "matmul", forward, LOCKSTEP_ONEDNN(matmul_forward_onednn), not_for_onednn,
                  any_order),
      vendor_call(Backend::onednn, "matmul", backward, LOCKSTEP_ONEDNN(matmul_backward_onednn), not_for_onednn,
                  any_order),
  };
}

}  // namespace lockstep
