// SPDX-License-Identifier: Apache-2.0
// Idea: a block owns a row and keeps x and g_y in registers; blocks walk over rows and keep the sums for d_weight and d_bias
// of their columns in registers too, so everything is computed in one pass over memory.
// Layout: at most 264 blocks of up to 1024 threads; block b takes rows b, b + blocks, ...; thread t holds packs t,
// t + threads, ... of 16 bytes, 8 elements in all. See parameter_gradients.cuh for the sums over blocks.
// Fast because: rows up to 8192 elements are read once and d_x is written once, in coalesced 16-byte accesses; a thread's
// columns stay its own, so the sums over rows need no exchange at all.
#include "kernels/layer_norm/parameter_gradients.cuh"
#include "kernels/shared/reduce.cuh"
#include "kernels/shared/row_blocks.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

template <class Scalar, int kPack>
__global__ void __launch_bounds__(1024)
    backward_block_per_row(const Scalar* __restrict__ x, const Scalar* __restrict__ weight,
                           const Scalar* __restrict__ g, Scalar* __restrict__ d_x, float* __restrict__ weight_parts,
                           float* __restrict__ bias_parts, std::int64_t rows, int columns, std::int64_t pitch,
                           float eps) {
  constexpr int kPacksHeld = kFewHeld / kPack;
  const int own = static_cast<int>(threadIdx.x) * kPack, step = static_cast<int>(blockDim.x) * kPack;
  const float count = static_cast<float>(columns);
  FloatPack<kPack> weight_sums[kPacksHeld] = {}, bias_sums[kPacksHeld] = {};

  for (std::int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    FloatPack<kPack> values[kPacksHeld], gradients[kPacksHeld];
    float total = 0.0f;
#pragma unroll
    for (int k = 0; k < kPacksHeld; ++k)
      if (own + k * step < columns) {
        values[k] = load_pack<kPack>(x + row * pitch + own + k * step);
        gradients[k] = load_pack<kPack>(g + row * pitch + own + k * step);
#pragma unroll
        for (int i = 0; i < kPack; ++i) total += values[k].values[i];
      }
    const float mean = block_sum(total) / count;

    float squares = 0.0f;
#pragma unroll
    for (int k = 0; k < kPacksHeld; ++k)
      if (own + k * step < columns) squares = add_squares(values[k], mean, squares);
    const float rstd = rsqrtf(block_sum(squares) / count + eps);

    float sum = 0.0f, product = 0.0f;
#pragma unroll
    for (int k = 0; k < kPacksHeld; ++k)
      if (own + k * step < columns) {
        const auto scale = load_parameter<kPack>(weight, own + k * step, 1.0f);
#pragma unroll
        for (int i = 0; i < kPack; ++i) {
          const float normalized = values[k].values[i] = (values[k].values[i] - mean) * rstd;
          weight_sums[k].values[i] = fmaf(gradients[k].values[i], normalized, weight_sums[k].values[i]);
          bias_sums[k].values[i] += gradients[k].values[i];
          const float weighted = gradients[k].values[i] *= scale.values[i];
          sum += weighted;
          product = fmaf(weighted, normalized, product);
        }
      }
    const float mean_weighted = block_sum(sum) / count, mean_product = block_sum(product) / count;

#pragma unroll
    for (int k = 0; k < kPacksHeld; ++k)
      if (own + k * step < columns) {
        FloatPack<kPack> out;
#pragma unroll
        for (int i = 0; i < kPack; ++i)
          out.values[i] = rstd * (gradients[k].values[i] - mean_weighted - values[k].values[i] * mean_product);
        store_pack(out, d_x + row * pitch + own + k * step);
      }
  }

  if (!weight_parts) return;
  const std::int64_t part = static_cast<std::int64_t>(blockIdx.x) * columns;
#pragma unroll
  for (int k = 0; k < kPacksHeld; ++k)
    if (own + k * step < columns) {
      store_pack(weight_sums[k], weight_parts + part + own + k * step);
      store_pack(bias_sums[k], bias_parts + part + own + k * step);
    }
}

template <class Scalar, int kPack>
Launch launch_of(const LayerNorm& op, const Tensors& tensors, Device& device) {
  const auto* const x = tensors.inputs[0].as<const Scalar>();
  const auto* const weight = op.has_weight ? tensors.inputs[1].as<const Scalar>() : nullptr;
  const auto* const g = tensors.inputs.back().as<const Scalar>();
  auto* const d_x = tensors.outputs[0].as<Scalar>();
  const std::int64_t pitch = row_pitch(tensors.inputs[0], op.columns);
  const ParameterGradients<Scalar> parameters(op, tensors, device, op.rows);
  const auto threads = static_cast<unsigned>((op.columns + kFewHeld * 32 - 1) / (kFewHeld * 32) * 32);
  return [=, stream = device.stream()] {
    if (op.rows > 0)
      launch(backward_block_per_row<Scalar, kPack>, {dim3(static_cast<unsigned>(parameters.parts())), dim3(threads), 0},
             stream, x, weight, g, d_x, parameters.of_weight(), parameters.of_bias(), op.rows,
             static_cast<int>(op.columns), pitch, static_cast<float>(op.eps));
    parameters.add();
  };
}

}  // namespace

Launch layer_norm_backward_block_per_row(const Problem& problem, const Tensors& tensors, Device& device) {
  const LayerNorm op(problem);
  if (op.columns == 0) return [] {};
  return with_scalar(problem.dtype, [&](auto tag) {
    using Scalar = typename decltype(tag)::type;
    constexpr int kPack = kFullPack<Scalar>;
    return all_take_packs(tensors, op.columns, kPack) ? launch_of<Scalar, kPack>(op, tensors, device)
                                                      : launch_of<Scalar, 1>(op, tensors, device);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
