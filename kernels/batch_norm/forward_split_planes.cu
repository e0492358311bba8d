// SPDX-License-Identifier: Apache-2.0
// Idea: a channel of any length is cut into slabs; a first launch leaves each slab's sums, a second combines a
// channel's slabs in every block that needs them and normalises. Two launches, x read twice, the second time partly
// from the L2.
// Layout: a block per (channel, slab); 16 values per thread, loaded as 16-byte packs and kept in registers.
// Fast because: every SM streams whole slabs with all of a thread's loads in flight; the second launch starts with the
// slabs that were read last, and loads its slab before it combines, which hides the combination.
// Numerics: each slab is summed in two passes around its own mean m as it was rounded, and keeps the sum of its
// deviations r, not quite zero. About the channel's mean the squares are then sum(q + 2 d r + n d^2) with d = m - mean,
// an identity for any m: the combination is as good as two passes over all of x.
#include "kernels/batch_norm/arguments.hpp"
#include "kernels/batch_norm/plane_statistics.cuh"
#include "kernels/batch_norm/running.cuh"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kThreads = PlaneSlabs::kThreads;

template <class Scalar, int kPack>
__global__ void __launch_bounds__(kThreads)
    combine_and_normalise(const Scalar* __restrict__ x, const float* __restrict__ weight,
                          const float* __restrict__ bias, const SlabSums* __restrict__ partial, Scalar* __restrict__ y,
                          Planes planes, RunningStatistics running, unsigned slabs, float count, float eps) {
  const unsigned block = gridDim.x - 1 - blockIdx.x;  // what was read last is still in the L2
  const std::int64_t channel = block / slabs;
  Slab<Scalar, kPack> slab(planes, block % slabs);
  slab.load(x, planes, channel);

  const SlabSums* const own = partial + channel * slabs;
  float total = 0.0f;
  for (unsigned s = threadIdx.x; s < slabs; s += kThreads) total += own[s].total;
  const float mean = block_sum(total) / count;
  float squares = 0.0f;
  for (unsigned s = threadIdx.x; s < slabs; s += kThreads) {
    const unsigned all = slab.kPacks * kThreads;
    const float values = static_cast<float>(min(slab.packs - s * all, all) * kPack);
    const float distance = own[s].total / values - mean;
    squares += own[s].squares + distance * fmaf(values, distance, 2.0f * own[s].deviations);
  }
  squares = block_sum(squares);
  const float rstd = rsqrtf(squares / count + eps);
  if (threadIdx.x == 0 && slab.first == 0) update_running(running, channel, mean, squares);

  const float scale = weight ? weight[channel] : 1.0f, shift = weight ? bias[channel] : 0.0f;
#pragma unroll
  for (int k = 0; k < slab.kPacks; ++k)
    if (slab.index(k) < slab.packs) {
      Pack<Scalar, kPack> out;
#pragma unroll
      for (int e = 0; e < kPack; ++e)
        out.values[e] = from_float<Scalar>(fmaf((to_float(slab.held[k].values[e]) - mean) * rstd, scale, shift));
      reinterpret_cast<Pack<Scalar, kPack>*>(y)[planes.offset(channel, slab.index(k))] = out;
    }
}

template <class Scalar, int kPack>
Launch launch_of(const BatchNormArguments& a, Device& device) {
  const Planes planes(a.op, kPack);
  const auto slabs = static_cast<unsigned>(PlaneSlabs::slabs(a.op));
  const std::int64_t blocks = a.op.channels * slabs;
  auto partial = std::make_shared<DeviceMemory>(device, static_cast<std::size_t>(blocks) * sizeof(SlabSums));
  const LaunchShape shape{LaunchExtent(blocks), LaunchExtent(kThreads), 0};
  return [=, stream = device.stream()] {
    auto* const sums = static_cast<SlabSums*>(partial->get());
    launch(slab_statistics<Scalar, kPack>, shape, stream, a.x.as<const Scalar>(), sums, planes, slabs);
    launch(combine_and_normalise<Scalar, kPack>, shape, stream, a.x.as<const Scalar>(), a.weight, a.bias, sums,
           a.y.as<Scalar>(), planes, running_statistics(a), slabs, static_cast<float>(a.op.count()),
           static_cast<float>(a.op.eps));
  };
}

}  // namespace

Launch batch_norm_forward_split_planes(const Problem& problem, const Tensors& tensors, Device& device) {
  const BatchNormArguments a(problem, tensors);
  return with_planes(problem, a, [&](auto scalar, auto pack) {
    return launch_of<typename decltype(scalar)::type, pack()>(a, device);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
