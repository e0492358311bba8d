// SPDX-License-Identifier: Apache-2.0
// Idea: evaluation scales by the running statistics in one launch, computed direct as (x - mean) * rstd * weight + bias
// and not folded into x * s + t, which would cancel where the mean is far from zero.
// Layout: planes: a block per channel and slab, 16 values per thread; channels side by side: a block per slab of rows,
// 8 packs per thread.
// Fast because: x is read once and y written once in packs of up to 16 bytes with a thread's loads in flight together;
// the per-channel arithmetic is done once per thread.
#include "kernels/batch_norm/normalise.cuh"
#include "kernels/batch_norm/running.cuh"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

template <class Scalar, int kPack>
__global__ void __launch_bounds__(PlaneSlabs::kThreads)
    evaluate_planes(const Scalar* __restrict__ x, const float* __restrict__ weight, const float* __restrict__ bias,
                    Scalar* __restrict__ y, Planes planes, RunningStatistics running, unsigned slabs, float eps) {
  normalise_planes_with<Scalar, kPack>(x, y, planes, slabs, [&](std::int64_t channel, bool leads) {
    if (leads) update_running(running, channel, 0.0f, 0.0f);
    return ChannelAffine{running.mean[channel], rsqrtf(running.var[channel] + eps), weight ? weight[channel] : 1.0f,
                         weight ? bias[channel] : 0.0f};
  });
}

template <class Scalar, int kPack>
__global__ void __launch_bounds__(ColumnSlabs::kThreads)
    evaluate_columns(const Scalar* __restrict__ x, const float* __restrict__ weight, const float* __restrict__ bias,
                     Scalar* __restrict__ y, Columns columns, RunningStatistics running, float eps) {
  normalise_columns_with<Scalar, kPack>(x, y, columns, [&](auto& affines, auto column, bool leads) {
    if (leads)
      for (int e = 0; e < kPack; ++e) update_running(running, column * kPack + e, 0.0f, 0.0f);
    load_affines_of(affines, column, running.mean, running.var, weight, bias);
    for (ChannelAffine& affine : affines) affine.rstd = rsqrtf(affine.rstd + eps);
  });
}

}  // namespace

Launch batch_norm_forward_evaluation(const Problem& problem, const Tensors& tensors, Device& device) {
  const BatchNormArguments a(problem, tensors);
  const auto eps = static_cast<float>(a.op.eps);
  if (!lies_in_planes(problem))
    return with_columns(problem, a, [&, stream = device.stream()](auto scalar, auto pack) -> Launch {
      using Scalar = typename decltype(scalar)::type;
      const Columns columns(a.op, pack());
      return [=] {
        launch(evaluate_columns<Scalar, pack()>, columns.shape(), stream, a.x.as<const Scalar>(), a.weight, a.bias,
               a.y.as<Scalar>(), columns, running_statistics(a), eps);
      };
    });
  return with_planes(problem, a, [&, stream = device.stream()](auto scalar, auto pack) -> Launch {
    using Scalar = typename decltype(scalar)::type;
    const Planes planes(a.op, pack());
    const auto slabs = static_cast<unsigned>(PlaneSlabs::slabs(a.op));
    const LaunchShape shape{LaunchExtent(a.op.channels * slabs), LaunchExtent(PlaneSlabs::kThreads), 0};
    return [=] {
      launch(evaluate_planes<Scalar, pack()>, shape, stream, a.x.as<const Scalar>(), a.weight, a.bias, a.y.as<Scalar>(),
             planes, running_statistics(a), slabs, eps);
    };
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
