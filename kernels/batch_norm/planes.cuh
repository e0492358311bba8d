// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/implementation.hpp"
#include "kernels/batch_norm/geometry.hpp"
#include "kernels/shared/fast_division.cuh"
#include "kernels/shared/reduce.cuh"
#include "kernels/shared/scalar.cuh"

// Row-major activations: the values of a channel are `images` runs of `plane` elements. Kernels number a channel's
// packs 0 .. packs-1, images outermost, and never care where an image ends.
namespace lockstep::LOCKSTEP_BACKEND {

struct Planes {
  std::int64_t channels;
  FastDivision packs_per_plane;
  /// Of one channel.
  unsigned packs;

  Planes(const ChannelPlanes& op, int pack)
      : channels(op.channels),
        packs_per_plane(static_cast<unsigned>(std::max<std::int64_t>(op.plane / pack, 1))),
        packs(static_cast<unsigned>(op.count() / pack)) {}

  /// Where pack `i` of a channel lies, in packs.
  __device__ __forceinline__ std::int64_t offset(std::int64_t channel, unsigned i) const {
    const unsigned image = packs_per_plane.quotient(i);
    return (image * channels + channel) * packs_per_plane.divisor() + (i - image * packs_per_plane.divisor());
  }
};

/// The largest packs along planes, of at most 16 bytes, that leave none over and whose memory is aligned:
/// function(TypeTag<Scalar>, integral_constant<kPack>). Arguments: those of batch_norm or of one of its parts.
template <class Scalar, int kPack, class Arguments, class Function>
Launch with_planes_of(const Arguments& a, Function function) {
  if constexpr (kPack > 1)
    if (a.op.plane % kPack != 0 || !a.activations_aligned(kPack * sizeof(Scalar)))
      return with_planes_of<Scalar, kPack / 2>(a, function);
  return function(TypeTag<Scalar>{}, std::integral_constant<int, kPack>{});
}

template <class Arguments, class Function>
Launch with_planes(const Problem& problem, const Arguments& a, Function function) {
  return with_scalar(problem.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    return with_planes_of<Scalar, kFullPack<Scalar>>(a, function);
  });
}

/// Two sums over a block at once, known to every thread afterwards: one barrier pair for both.
__device__ __forceinline__ float2 block_sum(float2 value) {
  LOCKSTEP_SHARED(float2, per_warp, [32]);
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  value = make_float2(warp_sum(value.x), warp_sum(value.y));
  if (lane == 0) per_warp[warp] = value;
  __syncthreads();
  const int warps = static_cast<int>(blockDim.x) / 32;
  const float2 mine = lane < warps ? per_warp[lane] : make_float2(0.0f, 0.0f);
  const float2 total = make_float2(warp_sum(mine.x), warp_sum(mine.y));
  __syncthreads();
  return total;
}

}  // namespace lockstep::LOCKSTEP_BACKEND
