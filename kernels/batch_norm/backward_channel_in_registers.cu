// SPDX-License-Identifier: Apache-2.0
// Idea: one block owns a channel and keeps its x and g_y in registers, so both are read once and d_x written once.
// Layout: a block per channel; thread t holds packs t, t + threads, ... of both tensors.
// Fast because: the traffic is the least there is (two reads, one write), in one launch; both sums cross the block
// behind one pair of barriers; packs stay as they were loaded, so 16-bit data take half the registers.
#include "kernels/batch_norm/arguments.hpp"
#include "kernels/batch_norm/planes.cuh"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

template <class Scalar, int kPack, int kPacks>
__global__ void __launch_bounds__(HeldChannel::kMostThreads)
    backward_channel_in_registers(const Scalar* __restrict__ x, const Scalar* __restrict__ g,
                                  const float* __restrict__ weight, const float* __restrict__ saved_mean,
                                  const float* __restrict__ saved_rstd, Scalar* __restrict__ d_x,
                                  float* __restrict__ d_weight, float* __restrict__ d_bias, Planes planes,
                                  float count) {
  using Packed = Pack<Scalar, kPack>;
  const std::int64_t channel = blockIdx.x;
  const auto* const x_packs = reinterpret_cast<const Packed*>(x);
  const auto* const g_packs = reinterpret_cast<const Packed*>(g);
  auto* const d_x_packs = reinterpret_cast<Packed*>(d_x);

  Packed held_x[kPacks], held_g[kPacks];
#pragma unroll
  for (int k = 0; k < kPacks; ++k)
    if (const unsigned i = k * blockDim.x + threadIdx.x; i < planes.packs) {
      const std::int64_t offset = planes.offset(channel, i);
      held_x[k] = x_packs[offset];
      held_g[k] = g_packs[offset];
    }

  const float mean = saved_mean[channel], rstd = saved_rstd[channel];
  float2 sums = make_float2(0.0f, 0.0f);  // of g, and of g times the normalised x
#pragma unroll
  for (int k = 0; k < kPacks; ++k)
    if (k * blockDim.x + threadIdx.x < planes.packs)
#pragma unroll
      for (int e = 0; e < kPack; ++e) {
        const float gradient = to_float(held_g[k].values[e]);
        sums.x += gradient;
        sums.y = fmaf(gradient, (to_float(held_x[k].values[e]) - mean) * rstd, sums.y);
      }
  sums = block_sum(sums);
  if (threadIdx.x == 0 && weight) {
    d_weight[channel] = sums.y;
    d_bias[channel] = sums.x;
  }

  const float scale = weight ? weight[channel] * rstd : rstd, mean_g = sums.x / count, slope = sums.y / count;
#pragma unroll
  for (int k = 0; k < kPacks; ++k)
    if (const unsigned i = k * blockDim.x + threadIdx.x; i < planes.packs) {
      Packed out;
#pragma unroll
      for (int e = 0; e < kPack; ++e) {
        const float normalized = (to_float(held_x[k].values[e]) - mean) * rstd;
        out.values[e] = from_float<Scalar>(scale * fmaf(-normalized, slope, to_float(held_g[k].values[e]) - mean_g));
      }
      d_x_packs[planes.offset(channel, i)] = out;
    }
}

template <class Scalar, int kPack>
Launch launch_of(const BatchNormArguments& a, Device& device) {
  const Planes planes(a.op, kPack);
  const LaunchShape shape{dim3(static_cast<unsigned>(a.op.channels)),
                          dim3(static_cast<unsigned>(HeldChannel::threads(a.op))), 0};
  return [=, stream = device.stream()] {
    launch(backward_channel_in_registers<Scalar, kPack, HeldChannel::kUsuallyHeld / kPack>, shape, stream,
           a.x.as<const Scalar>(), a.g_y.as<const Scalar>(), a.weight, a.saved_mean, a.saved_rstd, a.d_x.as<Scalar>(),
           a.d_weight, a.d_bias, planes, static_cast<float>(a.op.count()));
  };
}

}  // namespace

Launch batch_norm_backward_channel_in_registers(const Problem& problem, const Tensors& tensors, Device& device) {
  const BatchNormArguments a(problem, tensors);
  return with_planes(problem, a, [&](auto scalar, auto pack) {
    return launch_of<typename decltype(scalar)::type, pack()>(a, device);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
