// SPDX-License-Identifier: Apache-2.0
// Idea: the sum of all squared differences in one pass over memory; blocks write one part each, and a second launch of one
// block adds the parts and divides: the same bits in every run, no atomics.
// Layout: a thread takes packs of 16 bytes of input and target, 256 times the number of blocks apart, four in flight;
// merged axes (kernels/shared/walk.cuh) lead to each pack, and dense tensors of one layout are a single axis. Where packs
// do not fit (a broadcast row, odd extents) the same kernel runs on single elements.
// Fast because: every byte is read once, coalesced, by as many blocks as the device holds, and four sums per thread hide the
// latency of the additions.
#include <memory>

#include "kernels/mse_loss/split.hpp"
#include "kernels/shared/divisor.cuh"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/reduce.cuh"
#include "kernels/shared/scalar.cuh"
#include "kernels/shared/walk.cuh"
#include "reference/mse_loss.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kInFlight = 4;

template <class Scalar, int kPack>
__global__ void __launch_bounds__(kSplitThreads)
    squared_differences(const Scalar* __restrict__ input, const Scalar* __restrict__ target, Walk<2> walk,
                        unsigned packs, float* __restrict__ parts) {
  using Packed = Pack<Scalar, kPack>;
  const unsigned step = gridDim.x * kSplitThreads;
  float sums[kInFlight] = {};
  for (unsigned first = blockIdx.x * kSplitThreads + threadIdx.x; first < packs; first += kInFlight * step) {
    Packed of_input[kInFlight], of_target[kInFlight];
#pragma unroll
    for (int k = 0; k < kInFlight; ++k)
      if (first + k * step < packs) {
        std::int64_t at[2];
        walk.offsets(first + k * step, at);
        of_input[k] = *reinterpret_cast<const Packed*>(input + at[0]);
        of_target[k] = *reinterpret_cast<const Packed*>(target + at[1]);
      }
#pragma unroll
    for (int k = 0; k < kInFlight; ++k)
      if (first + k * step < packs)
#pragma unroll
        for (int i = 0; i < kPack; ++i) {
          const float difference = to_float(of_input[k].values[i]) - to_float(of_target[k].values[i]);
          sums[k] = fmaf(difference, difference, sums[k]);
        }
  }
  const float total = block_sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
  if (threadIdx.x == 0) parts[blockIdx.x] = total;
}

/// One block adds the parts.
template <class Scalar>
__global__ void __launch_bounds__(kSplitThreads)
    add_parts(const float* __restrict__ parts, int count, Divisor divisor, bool divides, Scalar* __restrict__ y) {
  float sum = 0.0f;
  for (int part = static_cast<int>(threadIdx.x); part < count; part += kSplitThreads) sum += parts[part];
  const float total = block_sum(sum);
  if (threadIdx.x == 0) *y = from_float<Scalar>(divides ? divided(total, divisor) : total);
}

/// Strides of the tensor whose axes are walked in the order of memory: one that is not broadcast, where there is one.
Strides leading_strides(const MseLoss& op, const TensorView& input, const TensorView& target) {
  if (op.input == op.full) return input.strides;
  return op.target == op.full ? target.strides : row_major_strides(op.full);
}

template <class Scalar, int kPack>
Launch launch_of(const MseLoss& op, const std::vector<MergedAxis>& axes, const Tensors& tensors, Device& device) {
  const std::int64_t packs = op.count / kPack, splits = splits_of_sum(packs);
  const auto parts = std::make_shared<DeviceMemory>(device, static_cast<std::size_t>(splits) * sizeof(float));
  return [=, walk = make_walk<2>(axes, kPack, 1), input = tensors.inputs[0].as<const Scalar>(),
          target = tensors.inputs[1].as<const Scalar>(), y = tensors.outputs[0].as<Scalar>(),
          divisor = Divisor(op.count), divides = op.reduction == Reduction::mean, stream = device.stream()] {
    auto* const partial = static_cast<float*>(parts->get());
    launch(squared_differences<Scalar, kPack>, {splits, kSplitThreads}, stream, input, target, walk,
           static_cast<unsigned>(packs), partial);
    launch(add_parts<Scalar>, {1, kSplitThreads}, stream, partial, static_cast<int>(splits), divisor, divides, y);
  };
}

}  // namespace

Launch mse_loss_forward_split_sums(const Problem& problem, const Tensors& tensors, Device& device) {
  const MseLoss op(problem);
  const TensorView input = broadcast_view(tensors.inputs[0], op.full),
                   target = broadcast_view(tensors.inputs[1], op.full);
  const auto axes = merge_axes(op.full, {leading_strides(op, input, target), input.strides, target.strides});
  return with_scalar(problem.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    constexpr int kPack = kFullPack<Scalar>;
    if (takes_packs(axes, 1, input, kPack) && takes_packs(axes, 2, target, kPack))
      return launch_of<Scalar, kPack>(op, axes, tensors, device);
    return launch_of<Scalar, 1>(op, axes, tensors, device);
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
