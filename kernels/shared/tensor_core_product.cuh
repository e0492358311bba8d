// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/shared/gemm_launch.cuh"

namespace lockstep::LOCKSTEP_BACKEND {

/// Which factor of a product of row-major matrices is transposed: A B, A B^T, A^T B.
enum class Transposed : std::uint8_t { neither, second, first };

/// As prepare_gemm, on the matrix units: f16 and bf16 as they are, f32 rounded to tf32 (nearest, ties away from zero).
/// Rows of a and b, and the batch's factors, must start on multiples of 16 bytes.
Launch prepare_tensor_core_product(Transposed transposed, const MatrixView& a, const MatrixView& b, const MatrixView& c,
                                   const void* bias, Device& device, const gemm_detail::BatchOffsets* batch = nullptr);

}  // namespace lockstep::LOCKSTEP_BACKEND
