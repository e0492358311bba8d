// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "kernels/implementations.hpp"
#include "kernels/linear/onednn.hpp"
#include "kernels/linear/small_batch.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/matrix_units.hpp"
#include "kernels/shared/warpgroup_units.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(linear_forward_warp_per_column)
LOCKSTEP_DECLARE_KERNEL(linear_forward_tiled)
LOCKSTEP_DECLARE_KERNEL(linear_backward_small_batch)
LOCKSTEP_DECLARE_KERNEL(linear_backward_tiled)
LOCKSTEP_DECLARE_KERNEL(linear_forward_tensor_core)
LOCKSTEP_DECLARE_KERNEL(linear_backward_tensor_core)
namespace gpu {
Launch linear_forward_warpgroup_tensor_core(const Problem&, const Tensors&, Device&);
}
Launch linear_forward_cublas(const Problem&, const Tensors&, Device&);
Launch linear_backward_cublas(const Problem&, const Tensors&, Device&);

namespace {

/// Kernels walk rows that lie at equal distances.
std::optional<std::string> rows_are_uneven(const Problem& problem) {
  const Linear op(problem);
  if (problem.layout == Layout::channels_last && op.x_shape.size() >= 4)
    return "channels_last tears the features of a row apart; accepted: contiguous, strided, unaligned";
  if (problem.layout == Layout::strided && op.y_shape.size() > 1 && op.weight_shape.size() == 1)
    return "a strided result without an axis of features is not one matrix";
  return std::nullopt;
}

std::optional<std::string> no_small_batch(const Problem& problem) {
  const Linear op(problem);
  if (op.rows < 1 || op.rows > kSmallBatch) return "a small batch has 1 to 8 rows";
  if (op.in_features < 1 || op.out_features < 1) return "the empty layer is for the tiled kernel";
  // Grids of one block per few outputs, and sizes as int.
  if (std::max(op.in_features, op.out_features) > (std::int64_t{1} << 20))
    return "a small batch has up to 2^20 features";
  return rows_are_uneven(problem);
}

std::optional<std::string> off_chunks(const Problem& problem) {
  const Linear op(problem);
  if (const auto reason = rows_are_uneven(problem)) return reason;
  if (problem.layout == Layout::unaligned) return kUnalignedForChunks;
  const auto view = [&](const Shape& shape) {
    return TensorView{nullptr, problem.dtype, shape, strides_of(shape, problem.layout)};
  };
  if (const auto reason = rows_off_chunks("x", linear_x(op, view(op.x_shape)))) return reason;
  if (const auto reason = rows_off_chunks("weight", linear_weight(op, view(op.weight_shape)))) return reason;
  if (problem.direction == Direction::forward) return std::nullopt;
  return rows_off_chunks("g_y", linear_y(op, view(op.y_shape)));
}

std::optional<std::string> not_warpgroup_tensor_core(const Problem& problem) {
  if (const auto reason = not_for_half_units(problem.dtype)) return reason;
  const Linear op(problem);
  if (op.rows < 1 || op.in_features < 1 || op.out_features < 1) return "the empty layer is for the tiled kernel";
  return off_chunks(problem);
}

std::optional<std::string> not_for_vendors(const Problem& problem) {
  const Linear op(problem);
  if (op.rows < 1 || op.in_features < 1 || op.out_features < 1) return "the vendors' products take no empty matrices";
  return rows_are_uneven(problem);
}

std::optional<std::string> not_for_matmul(const Problem& problem) {
  if (const auto reason = not_for_onednn_dtype(problem)) return reason;
  return not_for_vendors(problem);
}

std::optional<std::string> not_for_inner_product(const Problem& problem) {
  if (problem.layout == Layout::strided) return "oneDNN's inner product is compared on contiguous rows";
  return not_for_matmul(problem);
}

PrecisionContract any_order(const Problem&) { return float_accumulation(1); }

/// A lane's packs are whole, so its chain may be longer than terms / 32: that evens out above a few hundred terms.
PrecisionContract lanes(const Problem& problem) {
  return float_accumulation(Linear(problem).in_features < 512 ? 1 : 16);
}

/// Of the sums of a backward, d_bias is no product: as the columns' sums are split, a chain has terms / 16 from 512 on.
PrecisionContract tensor_core_contract(const Problem& problem) {
  const Linear op(problem);
  if (problem.direction == Direction::forward)
    return matrix_unit_contract(problem.dtype, kTermsOfPart, {op.in_features});
  return matrix_unit_contract(problem.dtype, op.rows < 512 ? 1 : 16, {op.out_features, op.rows});
}

PrecisionContract warpgroup_tensor_core_contract(const Problem& problem) {
  return warpgroup_contract(Linear(problem).in_features);
}

std::int64_t tensor_core_work(const Problem& problem) {
  const Linear op(problem);
  if (problem.direction == Direction::forward) return unit_products(op.rows, op.out_features, op.in_features);
  return unit_products(op.rows, op.in_features, op.out_features) +
         unit_products(op.out_features, op.in_features, op.rows);
}

}  // namespace

std::vector<Implementation> linear_implementations() {
  std::vector<Implementation> list = {
      cuda_kernel("warp_per_column", Direction::forward, LOCKSTEP_KERNEL(linear_forward_warp_per_column),
                  no_small_batch, lanes),
      cuda_kernel("tiled", Direction::forward, LOCKSTEP_KERNEL(linear_forward_tiled), rows_are_uneven, any_order),
      cuda_kernel("small_batch", Direction::backward, LOCKSTEP_KERNEL(linear_backward_small_batch), no_small_batch,
                  any_order),
      cuda_kernel("tiled", Direction::backward, LOCKSTEP_KERNEL(linear_backward_tiled), rows_are_uneven, any_order),
      on_warpgroup_units(cuda_kernel("warpgroup_tensor_core", Direction::forward,
                                     LOCKSTEP_GPU_KERNEL(linear_forward_warpgroup_tensor_core),
                                     not_warpgroup_tensor_core, warpgroup_tensor_core_contract)),
      vendor_call(Backend::cublas, "matmul", Direction::forward, LOCKSTEP_CUDA_LIBRARY(linear_forward_cublas),
                  not_for_vendors, vendor_product_contract),
      vendor_call(Backend::cublas, "matmul", Direction::backward, LOCKSTEP_CUDA_LIBRARY(linear_backward_cublas),
                  not_for_vendors, vendor_product_contract),
      vendor_call(Backend::onednn, "inner_product", Direction::forward,
                  LOCKSTEP_ONEDNN(linear_forward_onednn_inner_product), not_for_inner_product, any_order),
      vendor_call(Backend::onednn, "inner_product", Direction::backward,
                  LOCKSTEP_ONEDNN(linear_backward_onednn_inner_product), not_for_inner_product, any_order),
      vendor_call(Backend::onednn, "matmul", Direction::forward, LOCKSTEP_ONEDNN(linear_forward_onednn_matmul),
                  not_for_matmul, any_order),
      vendor_call(Backend::onednn, "matmul", Direction::backward, LOCKSTEP_ONEDNN(linear_backward_onednn_matmul),
                  not_for_matmul, any_order),
  };
  const MatrixUnitTraits on_units{off_chunks, tensor_core_contract, tensor_core_work};
  add_tensor_core_kernels(list, Direction::forward, LOCKSTEP_KERNEL(linear_forward_tensor_core), on_units);
  add_tensor_core_kernels(list, Direction::backward, LOCKSTEP_KERNEL(linear_backward_tensor_core), on_units);
  return list;
}

}  // namespace lockstep
