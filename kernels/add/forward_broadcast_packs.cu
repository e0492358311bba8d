// SPDX-License-Identifier: Apache-2.0
// Idea: the axes are merged on the host until as few as possible are left (a bias has two), and y is walked in packs of
// 16 bytes; the place of a pack in each operand follows from its number by multiplications with reciprocals.
// Layout: a thread takes packs 256 apart; along the innermost axis an operand is either read in packs too, or is one
// number that serves the whole pack. Where packs do not fit (odd extents, gaps) the same kernel runs on single
// elements.
// Fast because: the large operand and y move at full width, the small one comes from the caches, and the index
// arithmetic of a pack overlaps with the loads of the others.
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/scalar.cuh"
#include "kernels/shared/walk.cuh"
#include "reference/add.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kThreads = 256, kInFlight = 2;

template <class Scalar>
struct BroadcastOperand {
  const Scalar* first;
  /// Whether neighbours along the innermost axis are neighbours here too; else one element serves them all.
  bool spans;
};

template <class Scalar, int kPack>
__device__ __forceinline__ Pack<Scalar, kPack> load(const BroadcastOperand<Scalar>& operand, std::int64_t at) {
  if (operand.spans) return *reinterpret_cast<const Pack<Scalar, kPack>*>(operand.first + at);
  Pack<Scalar, kPack> same;
#pragma unroll
  for (int i = 0; i < kPack; ++i) same.values[i] = operand.first[at];
  return same;
}

template <class Scalar, int kPack>
__global__ void __launch_bounds__(kThreads)
    forward_broadcast_packs(BroadcastOperand<Scalar> a, BroadcastOperand<Scalar> b, Scalar* __restrict__ y,
                            Walk<3> walk, unsigned packs, float alpha) {
  const unsigned first = blockIdx.x * (kThreads * kInFlight) + threadIdx.x;
  Pack<Scalar, kPack> of_a[kInFlight], of_b[kInFlight];
  std::int64_t at[kInFlight][3];
#pragma unroll
  for (int k = 0; k < kInFlight; ++k)
    if (first + k * kThreads < packs) {
      walk.offsets(first + k * kThreads, at[k]);
      of_a[k] = load<Scalar, kPack>(a, at[k][1]);
      of_b[k] = load<Scalar, kPack>(b, at[k][2]);
    }
#pragma unroll
  for (int k = 0; k < kInFlight; ++k)
    if (first + k * kThreads < packs) {
      Pack<Scalar, kPack> sum;
#pragma unroll
      for (int i = 0; i < kPack; ++i)
        sum.values[i] = from_float<Scalar>(fmaf(alpha, to_float(of_b[k].values[i]), to_float(of_a[k].values[i])));
      *reinterpret_cast<Pack<Scalar, kPack>*>(y + at[k][0]) = sum;
    }
}

template <class Scalar, int kPack>
Launch launch_in_packs(const Add& op, const std::vector<MergedAxis>& axes, const Tensors& tensors, Stream stream) {
  const auto operand = [&](std::size_t number) {
    const bool spans = !axes.empty() && axes.back().strides[number + 1] != 0;
    return BroadcastOperand<Scalar>{tensors.inputs[number].as<const Scalar>(), kPack == 1 || spans};
  };
  const BroadcastOperand<Scalar> a = operand(0), b = operand(1);
  const Walk<3> walk = make_walk<3>(axes, kPack);
  const auto packs = static_cast<unsigned>(count_of(axes) / kPack);
  const LaunchExtent blocks((packs + std::int64_t{kThreads * kInFlight} - 1) / (kThreads * kInFlight));
  auto* const y = tensors.outputs[0].as<Scalar>();
  const auto alpha = static_cast<float>(op.alpha);
  return [=] {
    launch(forward_broadcast_packs<Scalar, kPack>, {blocks, kThreads}, stream, a, b, y, walk, packs, alpha);
  };
}

}  // namespace

Launch add_forward_broadcast_packs(const Problem& problem, const Tensors& tensors, Device& device) {
  const Add op(problem);
  if (element_count(op.y) == 0) return [] {};
  const TensorView &y = tensors.outputs[0], a = broadcast_view(tensors.inputs[0], op.y),
                   b = broadcast_view(tensors.inputs[1], op.y);
  const std::vector<MergedAxis> axes = merge_axes(op.y, {y.strides, a.strides, b.strides});
  return with_scalar(problem.dtype, [&](auto tag) {
    using Scalar = typename decltype(tag)::type;
    constexpr int kPack = kFullPack<Scalar>;
    const auto fits = [&](std::size_t tensor, const TensorView& view) {
      return takes_packs(axes, tensor, view, kPack) || (!axes.empty() && axes.back().strides[tensor] == 0);
    };
    return takes_packs(axes, 0, y, kPack) && fits(1, a) && fits(2, b)
               ? launch_in_packs<Scalar, kPack>(op, axes, tensors, device.stream())
               : launch_in_packs<Scalar, 1>(op, axes, tensors, device.stream());
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
