// SPDX-License-Identifier: Apache-2.0
// Idea: where the elements of a group lie far apart, neighbouring lanes take neighbouring groups; so accesses are coalesced
// along the axis that is contiguous. Takes every layout.
// Layout: blocks of 32 groups x up to 32 threads to a group; thread t of a group holds elements t, t + threads, ... of x and
// g_y in registers, and reads those beyond its first 8 again.
// Fast because: groups of up to 256 elements are read once, in full cache lines; long groups have 1024 threads at work on
// 32 of them; sum and dot product are gathered in one pass.
#include <cmath>

#include "kernels/shared/group_lanes.cuh"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/scalar.cuh"
#include "reference/softmax.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kHeld = 8;

template <class Scalar>
__global__ void __launch_bounds__(kGroupLanes* kMostGroupThreads)
    backward_lanes_across_groups(const Scalar* __restrict__ x, const Scalar* __restrict__ g, Scalar* __restrict__ d_x,
                                 GroupLayout layout) {
  const std::uint32_t group = blockIdx.x * kGroupLanes + threadIdx.x;
  // Lanes behind the last group have no elements, but take part in the barriers.
  const std::int64_t count = group < layout.groups ? layout.length : 0;
  const std::int64_t first = count > 0 ? first_of_group(layout, group) : 0, stride = layout.element_stride;
  const int own = static_cast<int>(threadIdx.y), step = static_cast<int>(blockDim.y);

  float values[kHeld], gradients[kHeld];
  float maximum = -INFINITY;
#pragma unroll
  for (int i = 0; i < kHeld; ++i)
    if (own + i * step < count) {
      const std::int64_t at = first + (own + i * step) * stride;
      maximum = fmaxf(maximum, values[i] = to_float(x[at]));
      gradients[i] = to_float(g[at]);
    }
  for (std::int64_t k = own + kHeld * step; k < count; k += step)
    maximum = fmaxf(maximum, to_float(x[first + k * stride]));
  maximum = column_join(maximum, Larger{});

  float total = 0.0f, product = 0.0f;
#pragma unroll
  for (int i = 0; i < kHeld; ++i)
    if (own + i * step < count) {
      total += values[i] = expf(values[i] - maximum);
      product = fmaf(values[i], gradients[i], product);
    }
  for (std::int64_t k = own + kHeld * step; k < count; k += step) {
    const float exponential = expf(to_float(x[first + k * stride]) - maximum);
    total += exponential;
    product = fmaf(exponential, to_float(g[first + k * stride]), product);
  }
  total = column_join(total, Added{});
  product = column_join(product, Added{}) / total;

#pragma unroll
  for (int i = 0; i < kHeld; ++i)
    if (own + i * step < count)
      d_x[first + (own + i * step) * stride] = from_float<Scalar>(values[i] / total * (gradients[i] - product));
  for (std::int64_t k = own + kHeld * step; k < count; k += step) {
    const std::int64_t at = first + k * stride;
    d_x[at] = from_float<Scalar>(expf(to_float(x[at]) - maximum) / total * (to_float(g[at]) - product));
  }
}

}  // namespace

Launch softmax_backward_lanes_across_groups(const Problem& problem, const Tensors& tensors, Device& device) {
  const Softmax op(problem);
  if (op.groups() * op.length == 0) return [] {};
  return with_scalar(problem.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    const GroupLayout layout(op.dim, tensors.inputs[0]);
    const LaunchShape shape{dim3(static_cast<unsigned>((layout.groups + kGroupLanes - 1) / kGroupLanes)),
                            dim3(kGroupLanes, static_cast<unsigned>(threads_for_group(layout.length))), 0};
    return [=, x = tensors.inputs[0].as<const Scalar>(), g = tensors.inputs[1].as<const Scalar>(),
            d_x = tensors.outputs[0].as<Scalar>(), stream = device.stream()] {
      launch(backward_lanes_across_groups<Scalar>, shape, stream, x, g, d_x, layout);
    };
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
