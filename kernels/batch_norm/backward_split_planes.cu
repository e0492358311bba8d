// SPDX-License-Identifier: Apache-2.0
// Idea: a channel of any length is cut into slabs; a first launch leaves each slab's two sums, a second adds a
// channel's slabs up in every block that needs them and computes d_x. x and g_y are read twice, the second time partly
// from the L2.
// Layout: a block per (channel, slab), 16 values of each tensor per thread, loaded as 16-byte packs.
// Fast because: every SM streams whole slabs with all of a thread's loads in flight; the second launch starts with the
// slabs that were read last, and loads its slab before it adds the sums up, which hides that.
#include "kernels/batch_norm/arguments.hpp"
#include "kernels/batch_norm/plane_gradient_sums.cuh"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kThreads = PlaneSlabs::kThreads;

template <class Scalar, int kPack>
__global__ void __launch_bounds__(kThreads)
    add_up_and_apply(const Scalar* __restrict__ x, const Scalar* __restrict__ g, const float* __restrict__ weight,
                     const float* __restrict__ saved_mean, const float* __restrict__ saved_rstd,
                     const float2* __restrict__ partial, Scalar* __restrict__ d_x, float* __restrict__ d_weight,
                     float* __restrict__ d_bias, Planes planes, unsigned slabs, float count) {
  const unsigned block = gridDim.x - 1 - blockIdx.x;  // what was read last is still in the L2
  const std::int64_t channel = block / slabs;
  SlabPair<Scalar, kPack> slab(planes, block % slabs);
  slab.load(x, g, planes, channel);

  float2 sums = make_float2(0.0f, 0.0f);
  for (unsigned s = threadIdx.x; s < slabs; s += kThreads) {
    const float2 one = partial[channel * slabs + s];
    sums.x += one.x;
    sums.y += one.y;
  }
  sums = block_sum(sums);
  if (threadIdx.x == 0 && slab.first == 0 && weight) {
    d_weight[channel] = sums.y;
    d_bias[channel] = sums.x;
  }

  const float mean = saved_mean[channel], rstd = saved_rstd[channel];
  const float scale = weight ? weight[channel] * rstd : rstd, mean_g = sums.x / count, slope = sums.y / count;
#pragma unroll
  for (int k = 0; k < slab.kPacks; ++k)
    if (slab.index(k) < slab.packs) {
      Pack<Scalar, kPack> out;
#pragma unroll
      for (int e = 0; e < kPack; ++e) {
        const float normalized = (to_float(slab.x[k].values[e]) - mean) * rstd;
        out.values[e] = from_float<Scalar>(scale * fmaf(-normalized, slope, to_float(slab.g[k].values[e]) - mean_g));
      }
      reinterpret_cast<Pack<Scalar, kPack>*>(d_x)[planes.offset(channel, slab.index(k))] = out;
    }
}

template <class Scalar, int kPack>
Launch launch_of(const BatchNormArguments& a, Device& device) {
  const Planes planes(a.op, kPack);
  const auto slabs = static_cast<unsigned>(PlaneSlabs::slabs(a.op));
  const std::int64_t blocks = a.op.channels * slabs;
  auto partial = std::make_shared<DeviceMemory>(device, static_cast<std::size_t>(blocks) * sizeof(float2));
  const LaunchShape shape{LaunchExtent(blocks), LaunchExtent(kThreads), 0};
  return [=, stream = device.stream()] {
    auto* const sums = static_cast<float2*>(partial->get());
    launch(slab_gradient_sums<Scalar, kPack>, shape, stream, a.x.as<const Scalar>(), a.g_y.as<const Scalar>(),
           a.saved_mean, a.saved_rstd, sums, planes, slabs);
    launch(add_up_and_apply<Scalar, kPack>, shape, stream, a.x.as<const Scalar>(), a.g_y.as<const Scalar>(), a.weight,
           a.saved_mean, a.saved_rstd, sums, a.d_x.as<Scalar>(), a.d_weight, a.d_bias, planes, slabs,
           static_cast<float>(a.op.count()));
  };
}

}  // namespace

Launch batch_norm_backward_split_planes(const Problem& problem, const Tensors& tensors, Device& device) {
  const BatchNormArguments a(problem, tensors);
  return with_planes(problem, a, [&](auto scalar, auto pack) {
    return launch_of<typename decltype(scalar)::type, pack()>(a, device);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
