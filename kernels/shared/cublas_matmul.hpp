// SPDX-License-Identifier: Apache-2.0
#pragma once

#ifdef LOCKSTEP_WITH_CUDA
#include <optional>

#include "harness/device/device.hpp"
#include "kernels/shared/cublas_handle.hpp"
#include "kernels/shared/matrix_view.hpp"

namespace lockstep {

/// What cuBLASLt does beside the product.
struct CublasEpilogue {
  /// cublasLtEpilogue_t: DEFAULT, BIAS (adds `bias` to every row of D), BGRADB (writes to `bias` the sums over the rows
  /// of B).
  cublasLtEpilogue_t kind = CUBLASLT_EPILOGUE_DEFAULT;
  void* bias = nullptr;
};

/// One factor of a product: a row-major matrix, multiplied as it is or transposed.
struct CublasFactor {
  MatrixView matrix;
  bool transposed = false;
};

/// D = A B of row-major matrices by cublasLtMatmul: f32 without tf32 (CUBLAS_COMPUTE_32F_PEDANTIC where the library
/// offers it for the epilogue, else CUBLAS_COMPUTE_32F), f16 and bf16 with sums in f32, split sums never rounded to 16
/// bits. cuBLAS is column-major: it sees the transposed problem, D^T = B^T A^T, so what it calls A is B here.
class CublasMatmul {
 public:
  /// Plans the product; nothing when the library has no algorithm for it. Throws Error when a call fails.
  static std::optional<CublasMatmul> plan(const CublasFactor& a, const CublasFactor& b, const MatrixView& d,
                                          const CublasEpilogue& epilogue, Device& device);
  void run() const;

 private:
  CublasMatmul() = default;
  bool choose_algorithm(cublasComputeType_t compute, const CublasFactor& a, const CublasFactor& b, const MatrixView& d,
                        const CublasEpilogue& epilogue);

  CublasHandle handle_;
  CublasOwner<cublasLtMatmulDesc_t> description_;
  CublasOwner<cublasLtMatrixLayout_t> layout_first_, layout_second_, layout_d_;
  cublasLtMatmulAlgo_t algorithm_{};
  DeviceMemory workspace_;
  const void *first_ = nullptr, *second_ = nullptr;
  void *d_ = nullptr, *stream_ = nullptr;
};

}  // namespace lockstep
#endif
