// SPDX-License-Identifier: Apache-2.0
// Idea: rows of any length in two passes: a block per row for d_x, which leaves the row's statistics behind; then blocks of
// neighbouring columns for d_weight and d_bias, which read x and g_y once more.
// Layout: d_x as in forward_block_per_row; the second pass has blocks of 32 columns x 8 warps, and the rows cut into as many
// stretches as fill the device; warp w of a stretch takes its every 8th row.
// Fast because: rows up to 8192 elements are read once by the first pass; the second is coalesced along the row and needs no
// more registers for longer rows, where the one-pass kernels have none left.
#include "kernels/layer_norm/parameter_gradients.cuh"
#include "kernels/shared/reduce.cuh"
#include "kernels/shared/row_blocks.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

// Two tensors share the registers that the forward has for one.
constexpr int kManyOfTwo = kManyHeld / 2;
constexpr int kWarps = 8;

/// d_x of a row, and its mean and 1 / deviation into `statistics` [rows, 2].
template <class Scalar, int kPack, int kPacksHeld>
__global__ void __launch_bounds__(kMostRowThreads)
    input_gradient(const Scalar* __restrict__ x, const Scalar* __restrict__ weight, const Scalar* __restrict__ g,
                   Scalar* __restrict__ d_x, float* __restrict__ statistics, int columns, std::int64_t pitch,
                   float eps) {
  const std::int64_t row = blockIdx.x;
  const Scalar* const x_row = x + row * pitch;
  const Scalar* const g_row = g + row * pitch;
  Scalar* const d_x_row = d_x + row * pitch;
  const int own = static_cast<int>(threadIdx.x) * kPack, step = static_cast<int>(blockDim.x) * kPack;
  const int beyond = own + kPacksHeld * step;
  const float count = static_cast<float>(columns);

  FloatPack<kPack> values[kPacksHeld], gradients[kPacksHeld];
  float total = 0.0f;
  const auto add = [](const FloatPack<kPack>& pack, float to) {
#pragma unroll
    for (int i = 0; i < kPack; ++i) to += pack.values[i];
    return to;
  };
#pragma unroll
  for (int k = 0; k < kPacksHeld; ++k)
    if (own + k * step < columns) {
      values[k] = load_pack<kPack>(x_row + own + k * step);
      gradients[k] = load_pack<kPack>(g_row + own + k * step);
      total = add(values[k], total);
    }
  for (int first = beyond; first < columns; first += step) total = add(load_pack<kPack>(x_row + first), total);
  const float mean = block_sum(total) / count;

  float squares = 0.0f;
#pragma unroll
  for (int k = 0; k < kPacksHeld; ++k)
    if (own + k * step < columns) squares = add_squares(values[k], mean, squares);
  for (int first = beyond; first < columns; first += step)
    squares = add_squares(load_pack<kPack>(x_row + first), mean, squares);
  const float rstd = rsqrtf(block_sum(squares) / count + eps);
  if (threadIdx.x == 0) {
    statistics[2 * row] = mean;
    statistics[2 * row + 1] = rstd;
  }

  float sum = 0.0f, product = 0.0f;
  // Turns a pack of x and g_y into normalised x and g_y weight, and adds up both means.
  const auto weigh = [&](FloatPack<kPack>& value, FloatPack<kPack>& gradient, int first) {
    const auto scale = load_parameter<kPack>(weight, first, 1.0f);
#pragma unroll
    for (int i = 0; i < kPack; ++i) {
      value.values[i] = (value.values[i] - mean) * rstd;
      gradient.values[i] *= scale.values[i];
      sum += gradient.values[i];
      product = fmaf(gradient.values[i], value.values[i], product);
    }
  };
#pragma unroll
  for (int k = 0; k < kPacksHeld; ++k)
    if (own + k * step < columns) weigh(values[k], gradients[k], own + k * step);
  for (int first = beyond; first < columns; first += step) {
    auto value = load_pack<kPack>(x_row + first), gradient = load_pack<kPack>(g_row + first);
    weigh(value, gradient, first);
  }
  const float mean_weighted = block_sum(sum) / count, mean_product = block_sum(product) / count;

  const auto write = [&](const FloatPack<kPack>& value, const FloatPack<kPack>& gradient, int first) {
    FloatPack<kPack> out;
#pragma unroll
    for (int i = 0; i < kPack; ++i)
      out.values[i] = rstd * (gradient.values[i] - mean_weighted - value.values[i] * mean_product);
    store_pack(out, d_x_row + first);
  };
#pragma unroll
  for (int k = 0; k < kPacksHeld; ++k)
    if (own + k * step < columns) write(values[k], gradients[k], own + k * step);
  for (int first = beyond; first < columns; first += step) {
    auto value = load_pack<kPack>(x_row + first), gradient = load_pack<kPack>(g_row + first);
    weigh(value, gradient, first);
    write(value, gradient, first);
  }
}

/// Parts of d_weight and d_bias: blockIdx.x chooses 32 columns, blockIdx.y a stretch of rows.
template <class Scalar>
__global__ void __launch_bounds__(32 * kWarps)
    parameter_parts(const Scalar* __restrict__ x, const Scalar* __restrict__ g, const float* __restrict__ statistics,
                    float* __restrict__ weight_parts, float* __restrict__ bias_parts, std::int64_t rows, int columns,
                    std::int64_t pitch, std::int64_t stretch) {
  LOCKSTEP_SHARED(float, weight_sums, [kWarps][32]);
  LOCKSTEP_SHARED(float, bias_sums, [kWarps][32]);
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const int column = static_cast<int>(blockIdx.x) * 32 + lane;
  const std::int64_t first = blockIdx.y * stretch, last = first + stretch < rows ? first + stretch : rows;
  float weight_sum = 0.0f, bias_sum = 0.0f;
  if (column < columns) {
#pragma unroll 4
    for (std::int64_t row = first + warp; row < last; row += kWarps) {
      const float gradient = to_float(g[row * pitch + column]);
      const float normalized = (to_float(x[row * pitch + column]) - statistics[2 * row]) * statistics[2 * row + 1];
      weight_sum = fmaf(gradient, normalized, weight_sum);
      bias_sum += gradient;
    }
  }
  weight_sums[warp][lane] = weight_sum;
  bias_sums[warp][lane] = bias_sum;
  for (int distance = kWarps / 2; distance > 0; distance /= 2) {
    __syncthreads();
    if (warp < distance) {
      weight_sums[warp][lane] += weight_sums[warp + distance][lane];
      bias_sums[warp][lane] += bias_sums[warp + distance][lane];
    }
  }
  if (warp == 0 && column < columns) {
    weight_parts[static_cast<std::int64_t>(blockIdx.y) * columns + column] = weight_sums[0][lane];
    bias_parts[static_cast<std::int64_t>(blockIdx.y) * columns + column] = bias_sums[0][lane];
  }
}

template <class Scalar, int kPack, int kPacksHeld>
Launch launch_of(const LayerNorm& op, const Tensors& tensors, Device& device) {
  const auto* const x = tensors.inputs[0].as<const Scalar>();
  const auto* const weight = op.has_weight ? tensors.inputs[1].as<const Scalar>() : nullptr;
  const auto* const g = tensors.inputs.back().as<const Scalar>();
  auto* const d_x = tensors.outputs[0].as<Scalar>();
  const std::int64_t pitch = row_pitch(tensors.inputs[0], op.columns);
  const auto columns = static_cast<int>(op.columns);
  const std::int64_t column_blocks = (op.columns + 31) / 32;
  // Four blocks of columns for each multiprocessor, but not fewer than four rows to a warp.
  const std::int64_t most = std::clamp<std::int64_t>((op.rows + 31) / 32, 1, kMostParts);
  const std::int64_t wanted = std::clamp<std::int64_t>(2 * kMostParts / column_blocks, 1, most);
  const std::int64_t stretch = std::max<std::int64_t>((op.rows + wanted - 1) / wanted, 1);
  const ParameterGradients<Scalar> parameters(op, tensors, device, (op.rows + stretch - 1) / stretch);
  const auto statistics =
      std::make_shared<DeviceMemory>(device, 2 * sizeof(float) * static_cast<std::size_t>(op.rows + 1));
  return [=, stream = device.stream()] {
    auto* const per_row = static_cast<float*>(statistics->get());
    if (op.rows > 0) {
      launch(input_gradient<Scalar, kPack, kPacksHeld>,
             {dim3(static_cast<unsigned>(op.rows)), dim3(static_cast<unsigned>(threads_for_row(op.columns))), 0},
             stream, x, weight, g, d_x, per_row, columns, pitch, static_cast<float>(op.eps));
      if (op.has_weight)
        launch(parameter_parts<Scalar>,
               {dim3(static_cast<unsigned>(column_blocks), static_cast<unsigned>(parameters.parts())),
                dim3(32 * kWarps), 0},
               stream, x, g, per_row, parameters.of_weight(), parameters.of_bias(), op.rows, columns, pitch, stretch);
    }
    parameters.add();
  };
}

template <class Scalar>
Launch launch_for_row(const LayerNorm& op, const Tensors& tensors, Device& device) {
  constexpr int kPack = kFullPack<Scalar>;
  const bool few = holds_few(op.columns);
  if (all_take_packs(tensors, op.columns, kPack))
    return few ? launch_of<Scalar, kPack, kFewHeld / kPack>(op, tensors, device)
               : launch_of<Scalar, kPack, kManyOfTwo / kPack>(op, tensors, device);
  return few ? launch_of<Scalar, 1, kFewHeld>(op, tensors, device)
             : launch_of<Scalar, 1, kManyOfTwo>(op, tensors, device);
}

}  // namespace

Launch layer_norm_backward_row_then_column(const Problem& problem, const Tensors& tensors, Device& device) {
  const LayerNorm op(problem);
  if (op.columns == 0) return [] {};
  return with_scalar(problem.dtype,
                     [&](auto tag) { return launch_for_row<typename decltype(tag)::type>(op, tensors, device); });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
