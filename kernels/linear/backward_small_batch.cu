// SPDX-License-Identifier: Apache-2.0
// Idea: with a handful of rows both gradients move one weight-sized tensor and little else: d_x reads the weight,
// d_weight is written. A thread owns a pack of neighbouring features and keeps what belongs to all rows in registers.
// Layout: d_x: threads along in_features, grid.y over stretches of out_features, whose parts are added in fixed order.
// d_weight: threads along in_features with x in registers, grid.y over stretches of out_features, a row of d_weight per
// step; the first thread of a row also sums d_bias.
// Fast because: every weight-sized access is coalesced, of 16 bytes and made once; g_y comes as broadcasts from the
// cache.
#include "kernels/linear/small_batch.hpp"
#include "kernels/shared/gemm_launch.cuh"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kThreads = 128;
constexpr int kWeightRows = 16;  // rows of d_weight per thread: x is read once for all of them

/// The matrices of a small batch; g has `rows` rows of out_features, the others rows of in_features.
template <class Scalar>
struct Batch {
  const Scalar *x, *weight, *g;
  std::int64_t x_pitch, g_pitch;
  int rows, in_features, out_features;
};

/// partial[stretch][row][in] = sum over the stretch's outputs of g * weight.
template <class Scalar, int kPack, int kRows>
__global__ void __launch_bounds__(kThreads) d_x_small_batch(Batch<Scalar> b, int stretch, float* __restrict__ partial) {
  const int feature = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x) * kPack;
  if (feature >= b.in_features) return;
  const int first = static_cast<int>(blockIdx.y) * stretch, last = min(first + stretch, b.out_features);
  float sums[kRows][kPack] = {};
#pragma unroll 4
  for (int o = first; o < last; ++o) {
    const auto pack = *reinterpret_cast<const Pack<Scalar, kPack>*>(
        b.weight + static_cast<std::int64_t>(o) * b.in_features + feature);
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      const float g = to_float(b.g[min(r, b.rows - 1) * b.g_pitch + o]);
#pragma unroll
      for (int i = 0; i < kPack; ++i) sums[r][i] += g * to_float(pack.values[i]);
    }
  }
#pragma unroll
  for (int r = 0; r < kRows; ++r)
    if (r < b.rows)
#pragma unroll
      for (int i = 0; i < kPack; ++i)
        partial[(static_cast<std::int64_t>(blockIdx.y) * b.rows + r) * b.in_features + feature + i] = sums[r][i];
}

template <class Scalar, int kPack, int kRows>
__global__ void __launch_bounds__(kThreads)
    d_weight_small_batch(Batch<Scalar> b, Scalar* __restrict__ d_weight, Scalar* __restrict__ d_bias) {
  const int feature = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x) * kPack;
  if (feature >= b.in_features) return;
  float x[kRows][kPack];
#pragma unroll
  for (int r = 0; r < kRows; ++r) {
    const auto pack = *reinterpret_cast<const Pack<Scalar, kPack>*>(b.x + min(r, b.rows - 1) * b.x_pitch + feature);
#pragma unroll
    for (int i = 0; i < kPack; ++i) x[r][i] = to_float(pack.values[i]);
  }
  const int first = static_cast<int>(blockIdx.y) * kWeightRows, last = min(first + kWeightRows, b.out_features);
  for (int o = first; o < last; ++o) {
    float sums[kPack] = {}, total = 0.0f;
#pragma unroll
    for (int r = 0; r < kRows; ++r)
      if (r < b.rows) {
        const float g = to_float(b.g[r * b.g_pitch + o]);
        total += g;
#pragma unroll
        for (int i = 0; i < kPack; ++i) sums[i] += g * x[r][i];
      }
    Pack<Scalar, kPack> out;
#pragma unroll
    for (int i = 0; i < kPack; ++i) out.values[i] = from_float<Scalar>(sums[i]);
    *reinterpret_cast<Pack<Scalar, kPack>*>(d_weight + static_cast<std::int64_t>(o) * b.in_features + feature) = out;
    if (d_bias && feature == 0) d_bias[o] = from_float<Scalar>(total);
  }
}

template <class Scalar, int kPack>
Launch launch_of(const Linear& op, const Tensors& tensors, Device& device) {
  const MatrixView x = linear_x(op, tensors.inputs[0]), g = linear_y(op, tensors.inputs[2]);
  const MatrixView d_x = linear_x(op, tensors.outputs[0]);
  const Batch<Scalar> b{.x = x.tensor.template as<const Scalar>(),
                        .weight = tensors.inputs[1].as<const Scalar>(),
                        .g = g.tensor.template as<const Scalar>(),
                        .x_pitch = x.pitch,
                        .g_pitch = g.pitch,
                        .rows = static_cast<int>(op.rows),
                        .in_features = static_cast<int>(op.in_features),
                        .out_features = static_cast<int>(op.out_features)};
  auto* const d_weight = tensors.outputs[1].as<Scalar>();
  auto* const d_bias = op.bias ? tensors.outputs[2].as<Scalar>() : nullptr;

  const std::int64_t blocks = gemm_detail::tiles(op.in_features, kThreads * kPack);
  const std::int64_t wanted = std::clamp<std::int64_t>(4 * gemm_detail::kMultiprocessors / blocks, 1,
                                                       std::max<std::int64_t>(op.out_features / 16, 1));
  const auto stretch = static_cast<int>(gemm_detail::tiles(op.out_features, static_cast<int>(wanted)));
  const std::int64_t stretches = gemm_detail::tiles(op.out_features, stretch);
  auto workspace = std::make_shared<DeviceMemory>(
      device, static_cast<std::size_t>(stretches * op.rows * op.in_features) * sizeof(float));
  Gemm<Scalar> sums{};  // only what combine_splits reads
  sums.c = d_x.tensor.template as<Scalar>();
  sums.c_pitch = d_x.pitch;
  sums.partial = static_cast<float*>(workspace->get());
  sums.m = b.rows;
  sums.n = b.in_features;
  return with_batch(op.rows, [&](auto batch) -> Launch {
    constexpr int kRows = decltype(batch)::value;
    return [=, stream = device.stream()] {
      auto* const partial = static_cast<float*>(workspace->get());
      launch(d_x_small_batch<Scalar, kPack, kRows>, {LaunchExtent(blocks, stretches), kThreads}, stream, b, stretch,
             partial);
      launch(combine_splits<Scalar>, {LaunchExtent(gemm_detail::tiles(b.in_features, 256), b.rows), 256}, stream, sums,
             static_cast<int>(stretches));
      launch(d_weight_small_batch<Scalar, kPack, kRows>,
             {LaunchExtent(blocks, gemm_detail::tiles(b.out_features, kWeightRows)), kThreads}, stream, b, d_weight,
             d_bias);
    };
  });
}

}  // namespace

Launch linear_backward_small_batch(const Problem& problem, const Tensors& tensors, Device& device) {
  const Linear op(problem);
  return with_scalar(problem.dtype, [&](auto tag) {
    using Scalar = typename decltype(tag)::type;
    constexpr int kPack = kFullPack<Scalar>;
    if (linear_x(op, tensors.inputs[0]).takes_packs(kPack) && linear_weight(op, tensors.inputs[1]).takes_packs(kPack) &&
        linear_weight(op, tensors.outputs[1]).takes_packs(kPack))
      return launch_of<Scalar, kPack>(op, tensors, device);
    return launch_of<Scalar, 1>(op, tensors, device);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
