// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda.h>

#include <cstdint>
#include <string>

#include "harness/data/error.hpp"
#include "harness/device/cuda_check.hpp"
#include "kernels/shared/matrix_view.hpp"

namespace lockstep {

namespace tensor_map_detail {

/// The driver's function, asked for at run time: a program linked against libcuda would not start without a driver.
inline decltype(&cuTensorMapEncodeTiled) encoder() {
  void* function = nullptr;
  cudaDriverEntryPointQueryResult found = cudaDriverEntryPointSymbolNotFound;
  LOCKSTEP_CUDA_CHECK(
      cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &function, 12000, cudaEnableDefault, &found));
  if (found != cudaDriverEntryPointSuccess || !function)
    throw Error("the CUDA driver has no cuTensorMapEncodeTiled; accepted: drivers of CUDA 12.0 and later");
  return reinterpret_cast<decltype(&cuTensorMapEncodeTiled)>(function);
}

}  // namespace tensor_map_detail

/// How the copy unit finds boxes of box_rows x box_columns in a matrix of f16 or bf16, box_columns being 128 bytes
/// wide. In shared memory a box's rows follow one another, the chunks of 16 bytes of a row permuted by the row's number
/// modulo 8 (128-byte swizzle), as wgmma expects it. The matrix is not empty; it and its rows start on multiples of 16
/// bytes. Throws Error where the driver refuses.
inline CUtensorMap tensor_map_of(const MatrixView& matrix, int box_rows, int box_columns) {
  const std::int64_t size = static_cast<std::int64_t>(size_in_bytes(matrix.tensor.dtype));
  // Of a single row the distance to the next one is never used, yet has to be a multiple of 16 bytes.
  const std::int64_t distance = matrix.rows < 2 ? (matrix.columns * size + 15) / 16 * 16 : matrix.pitch * size;
  const cuuint64_t extents[] = {static_cast<cuuint64_t>(matrix.columns), static_cast<cuuint64_t>(matrix.rows)};
  const cuuint64_t distances[] = {static_cast<cuuint64_t>(distance)};
  const cuuint32_t box[] = {static_cast<cuuint32_t>(box_columns), static_cast<cuuint32_t>(box_rows)};
  const cuuint32_t steps[] = {1, 1};
  CUtensorMap map;
  const CUresult status = tensor_map_detail::encoder()(
      &map, matrix.tensor.dtype == DType::f16 ? CU_TENSOR_MAP_DATA_TYPE_FLOAT16 : CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 2,
      const_cast<void*>(static_cast<const void*>(matrix.tensor.data)), extents, distances, box, steps,
      CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
      CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  if (status != CUDA_SUCCESS)
    throw Error("tensor map of a matrix [" + std::to_string(matrix.rows) + ", " + std::to_string(matrix.columns) +
                "], rows " + std::to_string(distance) + " bytes apart: the CUDA driver refused it with error " +
                std::to_string(static_cast<int>(status)));
  return map;
}

}  // namespace lockstep
