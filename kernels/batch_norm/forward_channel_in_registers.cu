// SPDX-License-Identifier: Apache-2.0
// Idea: one block owns a channel and keeps all of it in registers, so x is read once and y written once, in one launch.
// Layout: a block per channel; thread t holds packs t, t + threads, ... of the channel's images one after the other.
// Fast because: mean and then centred squares are summed from registers (two-pass: better numerics at no traffic), all
// loads of a thread are in flight together, and packs are kept as they were loaded: 16-bit data take half the
// registers.
#include "kernels/batch_norm/geometry.hpp"
#include "kernels/batch_norm/planes.cuh"
#include "kernels/batch_norm/running.cuh"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

template <class Scalar, int kPack, int kPacks>
__global__ void __launch_bounds__(HeldChannel::kMostThreads)
    forward_channel_in_registers(const Scalar* __restrict__ x, const float* __restrict__ weight,
                                 const float* __restrict__ bias, Scalar* __restrict__ y, Planes planes,
                                 RunningStatistics running, float count, float eps) {
  using Packed = Pack<Scalar, kPack>;
  const std::int64_t channel = blockIdx.x;
  const auto* const x_packs = reinterpret_cast<const Packed*>(x);
  auto* const y_packs = reinterpret_cast<Packed*>(y);

  Packed held[kPacks];
#pragma unroll
  for (int k = 0; k < kPacks; ++k)
    if (const unsigned i = k * blockDim.x + threadIdx.x; i < planes.packs) held[k] = x_packs[planes.offset(channel, i)];

  float total = 0.0f;
#pragma unroll
  for (int k = 0; k < kPacks; ++k)
    if (k * blockDim.x + threadIdx.x < planes.packs)
#pragma unroll
      for (int e = 0; e < kPack; ++e) total += to_float(held[k].values[e]);
  const float mean = block_sum(total) / count;

  float squares = 0.0f;
#pragma unroll
  for (int k = 0; k < kPacks; ++k)
    if (k * blockDim.x + threadIdx.x < planes.packs)
#pragma unroll
      for (int e = 0; e < kPack; ++e) {
        const float deviation = to_float(held[k].values[e]) - mean;
        squares = fmaf(deviation, deviation, squares);
      }
  squares = block_sum(squares);
  const float rstd = rsqrtf(squares / count + eps);
  if (threadIdx.x == 0) update_running(running, channel, mean, squares);

  const float scale = weight ? weight[channel] : 1.0f, shift = weight ? bias[channel] : 0.0f;
#pragma unroll
  for (int k = 0; k < kPacks; ++k)
    if (const unsigned i = k * blockDim.x + threadIdx.x; i < planes.packs) {
      Packed out;
#pragma unroll
      for (int e = 0; e < kPack; ++e)
        out.values[e] = from_float<Scalar>(fmaf((to_float(held[k].values[e]) - mean) * rstd, scale, shift));
      y_packs[planes.offset(channel, i)] = out;
    }
}

template <class Scalar, int kPack, int kHeld>
Launch launch_of(const BatchNormArguments& a, Device& device) {
  const Planes planes(a.op, kPack);
  const LaunchShape shape{dim3(static_cast<unsigned>(a.op.channels)),
                          dim3(static_cast<unsigned>(HeldChannel::threads(a.op))), 0};
  return [=, stream = device.stream()] {
    launch(forward_channel_in_registers<Scalar, kPack, kHeld / kPack>, shape, stream, a.x.as<const Scalar>(), a.weight,
           a.bias, a.y.as<Scalar>(), planes, running_statistics(a), static_cast<float>(a.op.count()),
           static_cast<float>(a.op.eps));
  };
}

}  // namespace

Launch batch_norm_forward_channel_in_registers(const Problem& problem, const Tensors& tensors, Device& device) {
  const BatchNormArguments a(problem, tensors);
  return with_planes(problem, a, [&](auto scalar, auto pack) {
    using Scalar = typename decltype(scalar)::type;
    if (HeldChannel::fits(a.op, HeldChannel::kUsuallyHeld))
      return launch_of<Scalar, pack(), HeldChannel::kUsuallyHeld>(a, device);
    return launch_of<Scalar, pack(), HeldChannel::kMostHeld>(a, device);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
