// SPDX-License-Identifier: Apache-2.0
// Idea: one warp owns a row and keeps x and g_y in registers; warps walk over rows and keep the sums for d_weight and d_bias
// of their columns in registers too, so everything is computed in one pass over memory.
// Layout: at most 264 blocks; warp w of block b takes rows b kWarps + w, + blocks kWarps, ...; lane l holds packs l, l + 32,
// ... of 16 bytes. The warps of a block join their sums by a tree in shared memory; see parameter_gradients.cuh for the rest.
// Fast because: x and g_y are read once and d_x written once, in coalesced 16-byte accesses; no atomics, and no block barrier
// before the last row.
#include "kernels/layer_norm/parameter_gradients.cuh"
#include "kernels/shared/reduce.cuh"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

/// Sum of kCount elements `stride` apart, by a tree.
template <int kCount>
__device__ __forceinline__ float tree_sum(const float* first, int stride) {
  if constexpr (kCount == 1)
    return *first;
  else
    return tree_sum<kCount / 2>(first, stride) + tree_sum<kCount / 2>(first + kCount / 2 * stride, stride);
}

/// Sums the accumulators of a block's warps and writes the block's part of one parameter's gradient. `own` holds the lane's
/// columns; called by all threads.
template <int kPack, int kPacksPerLane, int kWarps>
__device__ __forceinline__ void write_part(const FloatPack<kPack> (&own)[kPacksPerLane], int columns, float* part) {
  constexpr int kColumns = 32 * kPack * kPacksPerLane;
  LOCKSTEP_SHARED(float, sums, [kWarps][kColumns]);
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
#pragma unroll
  for (int k = 0; k < kPacksPerLane; ++k)
#pragma unroll
    for (int i = 0; i < kPack; ++i) sums[warp][(k * 32 + lane) * kPack + i] = own[k].values[i];
  __syncthreads();
  for (int column = static_cast<int>(threadIdx.x); column < columns; column += 32 * kWarps)
    part[column] = tree_sum<kWarps>(&sums[0][column], kColumns);
  __syncthreads();
}

template <class Scalar, int kPack, int kPacksPerLane, int kWarps>
__global__ void __launch_bounds__(32 * kWarps)
    backward_warp_per_row(const Scalar* __restrict__ x, const Scalar* __restrict__ weight, const Scalar* __restrict__ g,
                          Scalar* __restrict__ d_x, float* __restrict__ weight_parts, float* __restrict__ bias_parts,
                          std::int64_t rows, int columns, std::int64_t pitch, float eps) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const float count = static_cast<float>(columns);
  FloatPack<kPack> weight_sums[kPacksPerLane] = {}, bias_sums[kPacksPerLane] = {};

  for (std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * kWarps + threadIdx.x / 32; row < rows;
       row += static_cast<std::int64_t>(gridDim.x) * kWarps) {
    FloatPack<kPack> values[kPacksPerLane], gradients[kPacksPerLane];
    float total = 0.0f;
#pragma unroll
    for (int k = 0; k < kPacksPerLane; ++k) {
      const int first = (k * 32 + lane) * kPack;
      if (first < columns) {
        values[k] = load_pack<kPack>(x + row * pitch + first);
        gradients[k] = load_pack<kPack>(g + row * pitch + first);
#pragma unroll
        for (int i = 0; i < kPack; ++i) total += values[k].values[i];
      }
    }
    const float mean = warp_sum(total) / count;

    float squares = 0.0f;
#pragma unroll
    for (int k = 0; k < kPacksPerLane; ++k)
      if ((k * 32 + lane) * kPack < columns) squares = add_squares(values[k], mean, squares);
    const float rstd = rsqrtf(warp_sum(squares) / count + eps);

    float sum = 0.0f, product = 0.0f;
#pragma unroll
    for (int k = 0; k < kPacksPerLane; ++k) {
      const int first = (k * 32 + lane) * kPack;
      if (first < columns) {
        const auto scale = load_parameter<kPack>(weight, first, 1.0f);
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
    }
    const float mean_weighted = warp_sum(sum) / count, mean_product = warp_sum(product) / count;

#pragma unroll
    for (int k = 0; k < kPacksPerLane; ++k) {
      const int first = (k * 32 + lane) * kPack;
      if (first < columns) {
        FloatPack<kPack> out;
#pragma unroll
        for (int i = 0; i < kPack; ++i)
          out.values[i] = rstd * (gradients[k].values[i] - mean_weighted - values[k].values[i] * mean_product);
        store_pack(out, d_x + row * pitch + first);
      }
    }
  }

  if (!weight_parts) return;  // the same for all threads
  const std::int64_t part = static_cast<std::int64_t>(blockIdx.x) * columns;
  write_part<kPack, kPacksPerLane, kWarps>(weight_sums, columns, weight_parts + part);
  write_part<kPack, kPacksPerLane, kWarps>(bias_sums, columns, bias_parts + part);
}

template <class Scalar, int kPack, int kPacksPerLane, int kWarps>
Launch launch_of(const LayerNorm& op, const Tensors& tensors, Device& device) {
  const auto* const x = tensors.inputs[0].as<const Scalar>();
  const auto* const weight = op.has_weight ? tensors.inputs[1].as<const Scalar>() : nullptr;
  const auto* const g = tensors.inputs.back().as<const Scalar>();
  auto* const d_x = tensors.outputs[0].as<Scalar>();
  const std::int64_t pitch = row_pitch(tensors.inputs[0], op.columns);
  const ParameterGradients<Scalar> parameters(op, tensors, device, (op.rows + kWarps - 1) / kWarps);
  return [=, stream = device.stream()] {
    if (op.rows > 0)
      launch(backward_warp_per_row<Scalar, kPack, kPacksPerLane, kWarps>,
             {dim3(static_cast<unsigned>(parameters.parts())), dim3(32 * kWarps), 0}, stream, x, weight, g, d_x,
             parameters.of_weight(), parameters.of_bias(), op.rows, static_cast<int>(op.columns), pitch,
             static_cast<float>(op.eps));
    parameters.add();
  };
}

/// Short rows leave registers for more warps, which keep more loads in flight.
template <class Scalar>
Launch launch_for_row(const LayerNorm& op, const Tensors& tensors, Device& device) {
  constexpr int kPack = kFullPack<Scalar>;
  if (all_take_packs(tensors, op.columns, kPack)) {
    if (op.columns <= 32 * 8) return launch_of<Scalar, kPack, 8 / kPack, 16>(op, tensors, device);
    return launch_of<Scalar, kPack, 32 / kPack, 4>(op, tensors, device);
  }
  if (op.columns <= 32 * 8) return launch_of<Scalar, 1, 8, 16>(op, tensors, device);
  return launch_of<Scalar, 1, 32, 4>(op, tensors, device);
}

}  // namespace

Launch layer_norm_backward_warp_per_row(const Problem& problem, const Tensors& tensors, Device& device) {
  const LayerNorm op(problem);
  if (op.columns == 0) return [] {};
  return with_scalar(problem.dtype,
                     [&](auto tag) { return launch_for_row<typename decltype(tag)::type>(op, tensors, device); });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
