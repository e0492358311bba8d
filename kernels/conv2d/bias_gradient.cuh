// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/conv2d/plans.cuh"
#include "kernels/shared/column_sums.cuh"
#include "kernels/shared/reduce.cuh"

// d_bias: sums of g_y over images and positions. Channels-last they are sums over the rows of a matrix; else each
// channel is a number of planes, and a block takes one channel.
namespace lockstep::LOCKSTEP_BACKEND {

/// Block `channel`: lanes along the positions, four independent sums per thread, then a tree.
template <class Scalar>
__global__ void __launch_bounds__(256) channel_sums(const Scalar* __restrict__ g, ImageStrides strides,
                                                    const Lattice* lattice, int positions, Scalar* __restrict__ sums) {
  const Lattice places = *lattice;
  const Scalar* const channel = g + static_cast<std::int64_t>(blockIdx.x) * strides.channel;
  constexpr int kStep = 256, kInFlight = 4;
  float parts[kInFlight] = {};
  for (int first = static_cast<int>(threadIdx.x); first < positions; first += kInFlight * kStep)
#pragma unroll
    for (int i = 0; i < kInFlight; ++i)
      if (const int position = first + i * kStep; position < positions)
        parts[i] += to_float(channel[Position(places, position).offset(strides)]);
  const float total = block_sum((parts[0] + parts[1]) + (parts[2] + parts[3]));
  if (threadIdx.x == 0) sums[blockIdx.x] = from_float<Scalar>(total);
}

/// Sums of g into d_bias; zeros where there is nothing to add. `plan` has the positions of y and their strides in g.
template <class Scalar>
Launch prepare_bias_gradient(const Conv2d& op, const WithTables<WeightGradient<Scalar>>& planned,
                             bool channels_innermost, const TensorView& d_bias, Device& device) {
  const WeightGradient<Scalar>& p = planned.plan;
  if (channels_innermost) {
    const TensorView g{const_cast<Scalar*>(p.g), d_bias.dtype, {p.positions, op.out_channels}, {op.out_channels, 1}};
    return prepare_column_sums<Scalar>({g, p.positions, op.out_channels, op.out_channels}, d_bias, device);
  }
  return [p, tables = planned.tables, channels = op.out_channels, to = d_bias.as<Scalar>(), stream = device.stream()] {
    launch(channel_sums<Scalar>, {channels, 256}, stream, p.g, p.g_strides, p.lattice, p.positions, to);
  };
}

/// Zeros for the gradients of an operator that saw no images.
template <class Scalar>
__global__ void __launch_bounds__(256) write_zeros(std::int64_t count, Scalar* __restrict__ out) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step)
    out[i] = from_float<Scalar>(0.0f);
}

template <class Scalar>
Launch prepare_zeros(const TensorView& tensor, Device& device) {
  const std::int64_t count = tensor.count();
  if (count == 0) return [] {};
  return [count, to = tensor.as<Scalar>(), stream = device.stream()] {
    launch(write_zeros<Scalar>, {std::min<std::int64_t>((count + 255) / 256, 4096), 256}, stream, count, to);
  };
}

/// The backward of an empty input: weight and bias get zeros, and x has no elements.
template <class Scalar>
Launch prepare_empty_backward(const Conv2d& op, const Tensors& tensors, Device& device) {
  const Launch weight = prepare_zeros<Scalar>(tensors.outputs[1], device);
  const Launch bias = op.bias ? prepare_zeros<Scalar>(tensors.outputs[2], device) : Launch([] {});
  return [=] {
    weight();
    bias();
  };
}

}  // namespace lockstep::LOCKSTEP_BACKEND
