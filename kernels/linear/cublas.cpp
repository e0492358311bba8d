// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_CUDA
#include <memory>
#include <vector>

#include "harness/data/values.hpp"
#include "kernels/linear/matrices.hpp"
#include "kernels/shared/cublas_matmul.hpp"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep {
namespace {

std::shared_ptr<CublasMatmul> required(std::optional<CublasMatmul> plan, const char* product) {
  if (!plan) throw Error(std::string("cuBLAS has no algorithm for ") + product);
  return std::make_shared<CublasMatmul>(std::move(*plan));
}

/// A vector of `count` ones on the device.
std::shared_ptr<DeviceMemory> ones(DType dtype, std::int64_t count, Device& device) {
  std::vector<std::uint8_t> host(static_cast<std::size_t>(count) * size_in_bytes(dtype));
  for (std::int64_t i = 0; i < count; ++i) store_element(host.data(), dtype, i, 1.0);
  auto memory = std::make_shared<DeviceMemory>(device, host.size());
  device.copy_to_device(memory->get(), host.data(), host.size());
  return memory;
}

}  // namespace

/// cublasLtMatmul with the bias added by its epilogue.
Launch linear_forward_cublas(const Problem& problem, const Tensors& tensors, Device& device) {
  const Linear op(problem);
  CublasEpilogue epilogue;
  if (op.bias) epilogue = {CUBLASLT_EPILOGUE_BIAS, tensors.inputs[2].data};
  const auto product =
      required(CublasMatmul::plan({linear_x(op, tensors.inputs[0])}, {linear_weight(op, tensors.inputs[1]), true},
                                  linear_y(op, tensors.outputs[0]), epilogue, device),
               "x W^T + b");
  return [product] { product->run(); };
}

/// Two products; d_bias comes from the epilogue of d_weight's where the library offers it, else from g^T times ones.
Launch linear_backward_cublas(const Problem& problem, const Tensors& tensors, Device& device) {
  const Linear op(problem);
  const CublasFactor x{linear_x(op, tensors.inputs[0])}, weight{linear_weight(op, tensors.inputs[1])};
  const CublasFactor g{linear_y(op, tensors.inputs[2])}, g_transposed{g.matrix, true};
  const MatrixView d_weight = linear_weight(op, tensors.outputs[1]);
  const auto for_x = required(CublasMatmul::plan(g, weight, linear_x(op, tensors.outputs[0]), {}, device), "g W");
  if (op.bias) {
    // The epilogue sums what cuBLAS calls B, which is our first factor, over the dimension that the product sums over.
    auto fused =
        CublasMatmul::plan(g_transposed, x, d_weight, {CUBLASLT_EPILOGUE_BGRADB, tensors.outputs[2].data}, device);
    if (fused) {
      const auto for_both = std::make_shared<CublasMatmul>(std::move(*fused));
      return [for_x, for_both] {
        for_x->run();
        for_both->run();
      };
    }
  }
  const auto for_weight = required(CublasMatmul::plan(g_transposed, x, d_weight, {}, device), "g^T x");
  std::shared_ptr<CublasMatmul> for_bias;
  std::shared_ptr<DeviceMemory> column;
  if (op.bias) {
    column = ones(problem.dtype, op.rows, device);
    const MatrixView vector{{column->get(), problem.dtype, {op.rows, 1}, {1, 1}}, op.rows, 1, 1};
    const MatrixView sums{tensors.outputs[2], op.out_features, 1, 1};
    for_bias = required(CublasMatmul::plan(g_transposed, {vector}, sums, {}, device), "g^T 1");
  }
  return [for_x, for_weight, for_bias, column] {
    for_x->run();
    for_weight->run();
    if (for_bias) for_bias->run();
  };
}

}  // namespace lockstep
#endif
