// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "kernels/implementations.hpp"
#include "kernels/linear/onednn.hpp"
#include "kernels/matmul/matrices.hpp"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep {

Launch matmul_forward_onednn(const Problem&, const Tensors&, Device&);
Launch matmul_backward_onednn(const Problem&, const Tensors&, Device&);

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

Reason not_for_vendors(const Problem& problem) {
  const Matmul op(problem);
  if (problem.layout == Layout::channels_last && std::max({op.a.size(), op.b.size(), op.y.size()}) >= 4)
    return "channels_last tears the rows of a matrix apart; accepted: contiguous, strided, unaligned";
  if (op.batches() < 1 || op.m < 1 || op.n < 1 || op.k < 1) return "the vendors' products take no empty matrices";
  if (problem.direction == Direction::backward && !folds(problem) && std::max(op.a_copies(), op.b_copies()) > 1)
    return "the vendors' products do not sum over the batches that share a matrix";
  return std::nullopt;
}

Reason not_for_onednn(const Problem& problem) {
  if (const auto reason = not_for_onednn_dtype(problem)) return reason;
  if (Matmul(problem).batch.size() > 10) return "oneDNN takes up to 12 axes";
  return not_for_vendors(problem);
}

PrecisionContract any_order(const Problem&) { return float_accumulation(1); }

}  // namespace

std::vector<Implementation> matmul_implementations() {
  using enum Direction;
  return {
      vendor_call(Backend::onednn, "matmul", forward, LOCKSTEP_ONEDNN(matmul_forward_onednn), not_for_onednn,
                  any_order),
      vendor_call(Backend::onednn, "matmul", backward, LOCKSTEP_ONEDNN(matmul_backward_onednn), not_for_onednn,
                  any_order),
  };
}

}  // namespace lockstep
