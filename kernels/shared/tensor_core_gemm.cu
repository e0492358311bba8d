// SPDX-License-Identifier: Apache-2.0
// Idea: one set of matrix-unit kernels for all operators that are matrix products.
// Layout and why they are fast: tensor_core_tile.cuh.
#include "kernels/shared/tensor_core_gemm.cuh"

#include "kernels/shared/tensor_core_product.cuh"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

template <class Scalar, class Tile, bool kAAlongK, bool kBAlongK>
GemmKernel<Scalar> kernel_of() {
  return {tensor_core_gemm<Scalar, Tile, kAAlongK, kBAlongK>,
          Tile::kTileM,
          Tile::kTileN,
          Tile::template kTileK<Scalar>,
          Tile::kThreads,
          Tile::kSharedBytes};
}

template <class Scalar, bool kAAlongK, bool kBAlongK>
Launch prepare(const MatrixView& a, const MatrixView& b, const MatrixView& c, const void* bias, Device& device,
               const gemm_detail::BatchOffsets* batch) {
  const auto g = gemm_detail::describe_gemm<Scalar, kAAlongK>(a, b, c, bias, kFullPack<Scalar>, batch);
  if (!g) return [] {};
  return gemm_detail::launch_for_shape(*g, kernel_of<Scalar, WideUnitTile, kAAlongK, kBAlongK>(),
                                       kernel_of<Scalar, NarrowUnitTile, kAAlongK, kBAlongK>(), batch, device);
}

}  // namespace

Launch prepare_tensor_core_product(Transposed transposed, const MatrixView& a, const MatrixView& b, const MatrixView& c,
                                   const void* bias, Device& device, const gemm_detail::BatchOffsets* batch) {
  return with_scalar(c.tensor.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    if (transposed == Transposed::second) return prepare<Scalar, true, true>(a, b, c, bias, device, batch);
    if (transposed == Transposed::first) return prepare<Scalar, false, false>(a, b, c, bias, device, batch);
    return prepare<Scalar, true, false>(a, b, c, bias, device, batch);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
