// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_CUDA
#include "kernels/shared/cublas_matmul.hpp"

#include <algorithm>

namespace lockstep {
namespace {

// What NVIDIA advises for Hopper.
constexpr std::size_t kWorkspaceBytes = 32 * 1024 * 1024;

template <class Value>
void set(cublasLtMatmulDesc_t description, cublasLtMatmulDescAttributes_t attribute, const Value& value) {
  cublas_check(cublasLtMatmulDescSetAttribute(description, attribute, &value, sizeof value),
               "cublasLtMatmulDescSetAttribute");
}
template <class Value>
void set(cublasLtMatmulPreference_t preference, cublasLtMatmulPreferenceAttributes_t attribute, const Value& value) {
  cublas_check(cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value),
               "cublasLtMatmulPreferenceSetAttribute");
}

/// A row-major matrix is its transpose, column-major, with the pitch as leading dimension.
CublasOwner<cublasLtMatrixLayout_t> layout_of(const MatrixView& matrix) {
  cublasLtMatrixLayout_t layout = nullptr;
  cublas_check(
      cublasLtMatrixLayoutCreate(&layout, cublas_type(matrix.tensor.dtype), static_cast<std::uint64_t>(matrix.columns),
                                 static_cast<std::uint64_t>(matrix.rows), std::max(matrix.pitch, matrix.columns)),
      "cublasLtMatrixLayoutCreate");
  return CublasOwner<cublasLtMatrixLayout_t>(layout);
}

/// The largest power of two, up to 256, that divides the address: algorithms are chosen by it.
std::uint32_t alignment_of(const void* address) {
  const auto value = reinterpret_cast<std::uintptr_t>(address) | 256u;
  return static_cast<std::uint32_t>(value & (~value + 1));
}

}  // namespace

bool CublasMatmul::choose_algorithm(cublasComputeType_t compute, const CublasFactor& a, const CublasFactor& b,
                                    const MatrixView& d, const CublasEpilogue& epilogue) {
  cublasLtMatmulDesc_t description = nullptr;
  cublas_check(cublasLtMatmulDescCreate(&description, compute, CUDA_R_32F), "cublasLtMatmulDescCreate");
  description_.reset(description);
  const auto operation = [](bool transposed) { return transposed ? CUBLAS_OP_T : CUBLAS_OP_N; };
  set(description, CUBLASLT_MATMUL_DESC_TRANSA, operation(b.transposed));
  set(description, CUBLASLT_MATMUL_DESC_TRANSB, operation(a.transposed));
  set(description, CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue.kind);
  if (epilogue.bias) set(description, CUBLASLT_MATMUL_DESC_BIAS_POINTER, epilogue.bias);

  cublasLtMatmulPreference_t preference = nullptr;
  cublas_check(cublasLtMatmulPreferenceCreate(&preference), "cublasLtMatmulPreferenceCreate");
  const CublasOwner<cublasLtMatmulPreference_t> owner(preference);
  set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, kWorkspaceBytes);
  const std::uint32_t schemes = CUBLASLT_REDUCTION_SCHEME_NONE | CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
  set(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, schemes);
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignment_of(b.matrix.tensor.data));
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, alignment_of(a.matrix.tensor.data));
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, alignment_of(d.tensor.data));
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, alignment_of(d.tensor.data));

  cublasLtMatmulHeuristicResult_t result{};
  int found = 0;
  const cublasStatus_t status =
      cublasLtMatmulAlgoGetHeuristic(handle_.get(), description, layout_first_.get(), layout_second_.get(),
                                     layout_d_.get(), layout_d_.get(), preference, 1, &result, &found);
  if (status == CUBLAS_STATUS_NOT_SUPPORTED || (status == CUBLAS_STATUS_SUCCESS && found == 0)) return false;
  cublas_check(status, "cublasLtMatmulAlgoGetHeuristic");
  algorithm_ = result.algo;
  return true;
}

std::optional<CublasMatmul> CublasMatmul::plan(const CublasFactor& a, const CublasFactor& b, const MatrixView& d,
                                               const CublasEpilogue& epilogue, Device& device) {
  CublasMatmul plan;
  plan.handle_ = make_cublas_handle();
  plan.layout_first_ = layout_of(b.matrix);
  plan.layout_second_ = layout_of(a.matrix);
  plan.layout_d_ = layout_of(d);
  const bool pedantic =
      d.tensor.dtype == DType::f32 && plan.choose_algorithm(CUBLAS_COMPUTE_32F_PEDANTIC, a, b, d, epilogue);
  if (!pedantic && !plan.choose_algorithm(CUBLAS_COMPUTE_32F, a, b, d, epilogue)) return std::nullopt;
  plan.workspace_ = DeviceMemory(device, kWorkspaceBytes);
  plan.first_ = b.matrix.tensor.data;
  plan.second_ = a.matrix.tensor.data;
  plan.d_ = d.tensor.data;
  plan.stream_ = device.stream();
  return plan;
}

void CublasMatmul::run() const {
  const float one = 1.0f, zero = 0.0f;
  cublas_check(cublasLtMatmul(handle_.get(), description_.get(), &one, first_, layout_first_.get(), second_,
                              layout_second_.get(), &zero, d_, layout_d_.get(), d_, layout_d_.get(), &algorithm_,
                              workspace_.get(), kWorkspaceBytes, static_cast<cudaStream_t>(stream_)),
               "cublasLtMatmul");
}

}  // namespace lockstep
#endif
