// SPDX-License-Identifier: Apache-2.0
// Idea: one pass, as (x - mean) * rstd * weight + bias and not folded into x * s + t, which would cancel where the mean
// is far from zero.
// Layout: planes: a block per (channel, slab), 16 values per thread; channels side by side: a block per slab of rows, 8
// packs per thread.
// Fast because: x is read once and y written once in packs of up to 16 bytes with a thread's loads in flight together;
// what is per channel is loaded once per thread.
#include "kernels/batch_norm/arguments.hpp"
#include "kernels/batch_norm/normalise.cuh"
#include "kernels/batch_norm/part_arguments.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "reference/operators.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

/// Per channel; weight and bias null where there are none.
struct Normalisation {
  const float *mean, *rstd, *weight, *bias;
};

template <class Scalar, int kPack>
__global__ void __launch_bounds__(PlaneSlabs::kThreads)
    normalise_planes(const Scalar* __restrict__ x, Normalisation n, Scalar* __restrict__ y, Planes planes,
                     unsigned slabs) {
  normalise_planes_with<Scalar, kPack>(x, y, planes, slabs, [&](std::int64_t channel, bool) {
    return ChannelAffine{n.mean[channel], n.rstd[channel], n.weight ? n.weight[channel] : 1.0f,
                         n.weight ? n.bias[channel] : 0.0f};
  });
}

template <class Scalar, int kPack>
__global__ void __launch_bounds__(ColumnSlabs::kThreads)
    normalise_columns(const Scalar* __restrict__ x, Normalisation n, Scalar* __restrict__ y, Columns columns) {
  normalise_columns_with<Scalar, kPack>(x, y, columns, [&](auto& affines, auto column, bool) {
    load_affines_of(affines, column, n.mean, n.rstd, n.weight, n.bias);
  });
}

}  // namespace

Launch batch_norm_normalize_one_pass(const Problem& problem, const Tensors& tensors, Device& device) {
  const BatchNormPart part(batch_norm_normalize_operator(), problem, tensors);
  const Normalisation n{part.floats("mean"), part.floats("rstd"), part.floats("weight"), part.floats("bias")};
  const void* const x = part.input("x");
  void* const y = part.output("y");
  if (!lies_in_planes(problem))
    return with_columns(problem, part, [&, stream = device.stream()](auto scalar, auto pack) -> Launch {
      using Scalar = typename decltype(scalar)::type;
      const Columns columns(part.op, pack());
      return [=] {
        launch(normalise_columns<Scalar, pack()>, columns.shape(), stream, static_cast<const Scalar*>(x), n,
               static_cast<Scalar*>(y), columns);
      };
    });
  return with_planes(problem, part, [&, stream = device.stream()](auto scalar, auto pack) -> Launch {
    using Scalar = typename decltype(scalar)::type;
    const Planes planes(part.op, pack());
    const auto slabs = static_cast<unsigned>(PlaneSlabs::slabs(part.op));
    const LaunchShape shape{LaunchExtent(part.op.channels * slabs), LaunchExtent(PlaneSlabs::kThreads), 0};
    return [=] {
      launch(normalise_planes<Scalar, pack()>, shape, stream, static_cast<const Scalar*>(x), n, static_cast<Scalar*>(y),
             planes, slabs);
    };
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
