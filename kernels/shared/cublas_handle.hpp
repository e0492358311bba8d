// SPDX-License-Identifier: Apache-2.0
#pragma once

#ifdef LOCKSTEP_WITH_CUDA
#include <cublasLt.h>

#include <memory>
#include <string>
#include <type_traits>

#include "harness/data/dtype.hpp"
#include "harness/data/error.hpp"

namespace lockstep {

/// Throws Error naming the call when a cuBLAS call did not succeed.
inline void cublas_check(cublasStatus_t status, const char* call) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw Error(std::string("cuBLAS: ") + call + " returned " + cublasLtGetStatusName(status) + " (" +
                cublasLtGetStatusString(status) + ")");
}

/// Frees a cuBLASLt object by the function that belongs to its type.
struct CublasDelete {
  void operator()(cublasLtHandle_t handle) const { cublasLtDestroy(handle); }
  void operator()(cublasLtMatmulDesc_t description) const { cublasLtMatmulDescDestroy(description); }
  void operator()(cublasLtMatrixLayout_t layout) const { cublasLtMatrixLayoutDestroy(layout); }
  void operator()(cublasLtMatmulPreference_t preference) const { cublasLtMatmulPreferenceDestroy(preference); }
};
template <class Handle>
using CublasOwner = std::unique_ptr<std::remove_pointer_t<Handle>, CublasDelete>;

using CublasHandle = CublasOwner<cublasLtHandle_t>;
inline CublasHandle make_cublas_handle() {
  cublasLtHandle_t handle = nullptr;
  cublas_check(cublasLtCreate(&handle), "cublasLtCreate");
  return CublasHandle(handle);
}

inline cudaDataType_t cublas_type(DType dtype) {
  switch (dtype) {
    case DType::f64: return CUDA_R_64F;
    case DType::f32: return CUDA_R_32F;
    case DType::f16: return CUDA_R_16F;
    case DType::bf16: return CUDA_R_16BF;
    default: throw Error("cuBLAS takes f64, f32, f16, bf16; got " + std::string(name_of(dtype)));
  }
}

}  // namespace lockstep
#endif
