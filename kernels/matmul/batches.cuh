// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/matmul/matrices.hpp"
#include "kernels/shared/gemm_launch.cuh"
#include "reference/broadcast.hpp"

namespace lockstep::LOCKSTEP_BACKEND {

/// Offsets of a batch of products: for each matrix of the result, whose own batch axes are `own`, the batches that meet in
/// it and where their factors lie. A result that no batch meets is the empty sum.
inline gemm_detail::BatchOffsets offsets_of(const Matmul& op, const Shape& own, const BatchedMatrix& first_factor,
                                            const BatchedMatrix& second_factor, const BatchedMatrix& result) {
  const BroadcastCopies copies(own, op.batch);
  gemm_detail::BatchOffsets offsets;
  offsets.copies = static_cast<int>(std::max<std::int64_t>(copies.count(), 1));
  const auto at = [&](std::int64_t z, const BatchedMatrix& of) { return offset_of(z, op.batch, of.batch_strides); };
  for (std::int64_t matrix = 0; matrix < element_count(own); ++matrix) {
    const bool is_met = copies.count() > 0;
    const std::int64_t first = is_met ? copies.first(matrix) : 0;
    offsets.results.push_back(is_met ? at(first, result) : 0);
    for (std::int64_t copy = 0; copy < offsets.copies; ++copy) {
      const std::int64_t z = is_met ? first + copies.distance(copy) : 0;
      offsets.factors.push_back(is_met ? at(z, first_factor) : 0);
      offsets.factors.push_back(is_met ? at(z, second_factor) : 0);
    }
  }
  return offsets;
}

/// A product of batches whose result has the batch axes `own`; kAAlongK and kBAlongK as in prepare_gemm.
template <class Scalar, bool kAAlongK, bool kBAlongK>
Launch prepare_batches(const Matmul& op, const Shape& own, const BatchedMatrix& first_factor,
                       const BatchedMatrix& second_factor, const BatchedMatrix& result, Device& device) {
  if (result.first.tensor.count() == 0) return [] {};
  MatrixView a = first_factor.first, b = second_factor.first;
  if (op.batches() == 0) {  // a sum of no batches: no terms
    (kAAlongK ? a.columns : a.rows) = 0;
    (kBAlongK ? b.columns : b.rows) = 0;
  }
  const auto offsets = offsets_of(op, own, first_factor, second_factor, result);
  return prepare_gemm<Scalar, kAAlongK, kBAlongK>(a, b, result.first, nullptr, device, &offsets);
}

}  // namespace lockstep::LOCKSTEP_BACKEND
