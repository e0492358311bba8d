// SPDX-License-Identifier: Apache-2.0
// Idea: two passes over the gradients, for the norm is known only behind the last. The first leaves one number per block;
// a block of its own combines them in a fixed order into the norm and the factor, which stay on the device, so that the
// host never waits; the second pass scales. No atomics: the same bits in every run and on every device.
// Layout: first pass a grid of up to 256 blocks of 256 threads per tensor; a thread takes every 256th pack of 16 bytes of
// its block's part, with one chain of sums per element of the pack. Second pass: kernels/shared/elementwise.cuh.
// Fast because both passes run at the speed of memory; what was read last is scaled first from the L2 cache where it fits.
// The sums run over all tensors at once: the norm of the tensors' norms is the norm of all elements, but for order 0.
#include <memory>
#include <vector>

#include "kernels/clip_grad_norm/norm_order.cuh"
#include "kernels/shared/elementwise.cuh"
#include "kernels/shared/kernel_entry.hpp"
#include "reference/clip_grad_norm.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kThreads = 256;
constexpr std::int64_t kMostParts = 256;
/// Elements that make a block worth its launch.
constexpr std::int64_t kFewestPartTerms = 8192;

template <int kPack, class Scalar, class Order>
__global__ void __launch_bounds__(kThreads)
    gather_parts(const Scalar* __restrict__ grad, std::int64_t count, std::int64_t part_terms, Order order,
                 typename Order::Gathered* __restrict__ parts) {
  using Gathered = typename Order::Gathered;
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * part_terms;
  const std::int64_t left = count - first, terms = left < part_terms ? left : part_terms;
  const std::int64_t packs = terms / kPack;
  Gathered chains[kPack] = {};
  for (std::int64_t pack = threadIdx.x; pack < packs; pack += kThreads) {
    const auto values = reinterpret_cast<const Pack<Scalar, kPack>*>(grad + first)[pack];
#pragma unroll
    for (int i = 0; i < kPack; ++i) chains[i] = order.add(chains[i], to_float(values.values[i]));
  }
  const std::int64_t loose = packs * kPack + threadIdx.x;  // fewer than a pack at the end of the tensor
  if (loose < terms) chains[0] = order.add(chains[0], to_float(grad[first + loose]));
#pragma unroll
  for (int width = kPack / 2; width > 0; width /= 2)
#pragma unroll
    for (int i = 0; i < width; ++i) chains[i] = order.join(chains[i], chains[i + width]);
  const Gathered total = join_block(order, chains[0]);
  if (threadIdx.x == 0) parts[blockIdx.x] = total;
}

/// `adds_zero`: an empty tensor is among them, whose norm is 0. One block: the parts become the norm and min(1, max_norm / (norm + 1e-6)).
template <class Order>
__global__ void __launch_bounds__(kThreads)
    finish_norm(const typename Order::Gathered* __restrict__ parts, std::int64_t count, Order order, bool adds_zero,
                float max_norm, float* __restrict__ total_norm, float* __restrict__ factor) {
  typename Order::Gathered gathered{};
  if (adds_zero) gathered = order.add(gathered, 0.0f);
  for (std::int64_t k = threadIdx.x; k < count; k += kThreads)
    gathered = order.join(gathered, order.of_tensor(parts[k]));
  gathered = join_block(order, gathered);
  if (threadIdx.x != 0) return;
  const float norm = count == 0 ? 0.0f : order.norm(gathered);
  *total_norm = norm;
  const float ratio = max_norm / (norm + static_cast<float>(kClipNormEpsilon));
  *factor = ratio > 1.0f ? 1.0f : ratio;  // a NaN stays
}

struct ScaleByFactor {
  const float* factor;
  __device__ __forceinline__ void operator()(const float (&grad)[1], float (&out)[1]) const {
    out[0] = grad[0] * *factor;
  }
};

template <class Scalar, class Order>
std::vector<Launch> norm_launches(const ClipGradNorm& op, Order order, const Tensors& tensors, float* factor,
                                  Device& device) {
  using Gathered = typename Order::Gathered;
  struct Split {
    TensorView grad;
    std::int64_t parts, part_terms, first_part;
  };
  std::vector<Split> splits;
  std::int64_t all_parts = 0;
  bool has_empty = false;
  for (const TensorView& grad : tensors.inputs) {
    const std::int64_t count = grad.count();
    has_empty = has_empty || count == 0;
    if (count == 0) continue;
    const std::int64_t wanted = (count + kFewestPartTerms - 1) / kFewestPartTerms;
    const std::int64_t parts = Order::kWholeTensors ? 1 : std::min(wanted, kMostParts);
    // Parts begin on multiples of 64 elements, so that all of them lie as the tensor does to the 16-byte boundaries.
    const std::int64_t part_terms = ((count + parts - 1) / parts + 63) / 64 * 64;
    const std::int64_t blocks = (count + part_terms - 1) / part_terms;
    splits.push_back({grad, blocks, part_terms, all_parts});
    all_parts += blocks;
  }
  const auto memory = std::make_shared<DeviceMemory>(
      device, static_cast<std::size_t>(std::max<std::int64_t>(all_parts, 1)) * sizeof(Gathered));
  auto* const gathered = static_cast<Gathered*>(memory->get());
  const Stream stream = device.stream();
  std::vector<Launch> launches;
  for (const Split& split : splits) {
    const TensorView& view = split.grad;
    const bool in_packs = view.is_aligned(kPackBytes);
    launches.push_back([=, grad = static_cast<const Scalar*>(view.data), terms = view.count(),
                        to = gathered + split.first_part, parts = split.parts, part_terms = split.part_terms] {
      if (in_packs)
        launch(gather_parts<kFullPack<Scalar>, Scalar, Order>, {parts, kThreads}, stream, grad, terms, part_terms,
               order, to);
      else
        launch(gather_parts<1, Scalar, Order>, {parts, kThreads}, stream, grad, terms, part_terms, order, to);
    });
  }
  launches.push_back([=, total_norm = tensors.outputs.back().as<float>(), max_norm = static_cast<float>(op.max_norm)] {
    launch(finish_norm<Order>, {1, kThreads}, stream, static_cast<const Gathered*>(memory->get()), all_parts, order,
           has_empty, max_norm, total_norm, factor);
  });
  return launches;
}

template <class Scalar>
std::vector<Launch> norm_launches(const ClipGradNorm& op, const Tensors& tensors, float* factor, Device& device) {
  if (op.norm_type == HUGE_VAL) return norm_launches<Scalar>(op, LargestSize{}, tensors, factor, device);
  if (op.norm_type == -HUGE_VAL) return norm_launches<Scalar>(op, SmallestSize{}, tensors, factor, device);
  if (op.norm_type == 0) return norm_launches<Scalar>(op, CountOfOthersThanZero{}, tensors, factor, device);
  if (op.norm_type == 1) return norm_launches<Scalar>(op, SumOfSizes{}, tensors, factor, device);
  if (op.norm_type == 2) return norm_launches<Scalar>(op, SumOfSquares{}, tensors, factor, device);
  return norm_launches<Scalar>(op, SumOfPowers{static_cast<float>(op.norm_type), static_cast<float>(1 / op.norm_type)},
                               tensors, factor, device);
}

}  // namespace

Launch clip_grad_norm_split_norm(const Problem& problem, const Tensors& tensors, Device& device) {
  const ClipGradNorm op(problem);
  const auto factor = std::make_shared<DeviceMemory>(device, sizeof(float));
  auto* const factor_at = static_cast<float*>(factor->get());
  return with_scalar(problem.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    std::vector<Launch> launches = norm_launches<Scalar>(op, tensors, factor_at, device);
    // From the last tensor: it is the one that the cache still holds.
    for (std::size_t k = tensors.inputs.size(); k-- > 0;)
      if (tensors.inputs[k].count() > 0)
        launches.push_back(elementwise_launch<Scalar, 1, 1>(ScaleByFactor{factor_at}, {tensors.inputs[k]},
                                                            {tensors.outputs[k]}, device));
    return [launches, factor] {
      for (const Launch& one : launches) one();
    };
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
