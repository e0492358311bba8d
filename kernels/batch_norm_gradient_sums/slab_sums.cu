// SPDX-License-Identifier: Apache-2.0
// Idea: the two sums of a backward over slabs, as batch_norm takes them, with x centred and not normalised; a second
// launch adds up a channel's slabs and makes d_weight of the one sum.
// Layout: planes: a block per (channel, slab), 16 values of each tensor per thread; channels side by side: a block per
// slab of rows, 8 packs per thread. The addition: 8 channels per block, up to 64 threads share a channel's slabs.
// Fast because: x and g_y are read once, in packs of up to 16 bytes with a thread's loads in flight together.
#include "kernels/batch_norm/arguments.hpp"
#include "kernels/batch_norm/column_gradient_sums.cuh"
#include "kernels/batch_norm/part_arguments.hpp"
#include "kernels/batch_norm/plane_gradient_sums.cuh"
#include "kernels/batch_norm/slab_layout.cuh"
#include "kernels/shared/kernel_entry.hpp"
#include "reference/operators.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

/// Of g, and of g times the centred x.
constexpr int kSums = 2;
/// In the place of rstd: x is only centred.
constexpr const float* kNotNormalised = nullptr;

/// `d_weight` null where it is not wanted.
__global__ void add_up_slabs(const float* __restrict__ partial, SlabLayout layout, const float* __restrict__ rstd,
                             float* __restrict__ sum_g, float* __restrict__ sum_g_centered,
                             float* __restrict__ d_weight, std::int64_t channels) {
  const std::int64_t channel = static_cast<std::int64_t>(blockIdx.x) * kCombinedChannels + threadIdx.x;
  const bool inside = channel < channels;
  float sum = 0.0f, product = 0.0f;
  for (unsigned slab = threadIdx.y; inside && slab < layout.slabs; slab += blockDim.y) {
    sum += partial[layout.at(slab, 0, channel)];
    product += partial[layout.at(slab, 1, channel)];
  }
  sum = combine_sum(sum);
  product = combine_sum(product);
  if (threadIdx.y != 0 || !inside) return;
  sum_g[channel] = sum;
  sum_g_centered[channel] = product;
  if (d_weight) d_weight[channel] = product * rstd[channel];
}

/// The pass over the activations, then the addition.
template <class Pass>
Launch with_addition(const BatchNormPart& part, const SlabLayout& layout, Device& device, Pass pass) {
  const std::int64_t channels = part.op.channels;
  const float* const rstd = part.floats("rstd");
  float* const sum_g = part.output_floats("sum_g");
  float* const sum_g_centered = part.output_floats("sum_g_centered");
  float* const d_weight = part.output_floats("d_weight");
  auto memory = std::make_shared<DeviceMemory>(device, layout.bytes(channels, kSums));
  return [=, stream = device.stream()] {
    pass(memory->get());
    launch(add_up_slabs, combine_shape(channels, layout.slabs), stream, static_cast<const float*>(memory->get()),
           layout, rstd, sum_g, sum_g_centered, d_weight, channels);
  };
}

}  // namespace

Launch batch_norm_gradient_sums_slab_sums(const Problem& problem, const Tensors& tensors, Device& device) {
  const BatchNormPart part(batch_norm_gradient_sums_operator(), problem, tensors);
  const void *const x = part.input("x"), *const g = part.input("g_y");
  const float* const mean = part.floats("mean");
  if (!lies_in_planes(problem))
    return with_columns(problem, part, [&, stream = device.stream()](auto scalar, auto pack) -> Launch {
      using Scalar = typename decltype(scalar)::type;
      const Columns columns(part.op, pack());
      return with_addition(part, SlabLayout::of_columns(part.op, columns, kSums), device, [=](void* partial) {
        launch(column_slab_gradient_sums<Scalar, pack()>, columns.shape(), stream, static_cast<const Scalar*>(x),
               static_cast<const Scalar*>(g), mean, kNotNormalised, static_cast<float*>(partial), columns);
      });
    });
  return with_planes(problem, part, [&, stream = device.stream()](auto scalar, auto pack) -> Launch {
    using Scalar = typename decltype(scalar)::type;
    const Planes planes(part.op, pack());
    const SlabLayout layout = SlabLayout::of_planes(part.op, kSums);
    const LaunchShape shape{LaunchExtent(part.op.channels * layout.slabs), LaunchExtent(PlaneSlabs::kThreads), 0};
    return with_addition(part, layout, device, [=](void* partial) {
      launch(slab_gradient_sums<Scalar, pack()>, shape, stream, static_cast<const Scalar*>(x),
             static_cast<const Scalar*>(g), mean, kNotNormalised, static_cast<float2*>(partial), planes, layout.slabs);
    });
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
