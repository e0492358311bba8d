// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/batch_norm/columns.cuh"
#include "kernels/batch_norm/planes.cuh"

namespace lockstep::LOCKSTEP_BACKEND {

/// How the sums of slabs lie, as floats: those of planes channel by channel, those of columns slab by slab.
struct SlabLayout {
  std::int64_t of_slab, of_sum, of_channel;
  unsigned slabs;
  /// Values of one channel in a slab; the last slab has what is left of `count`.
  std::int64_t slab_values, count;

  static SlabLayout of_planes(const ChannelPlanes& op, int sums) {
    const auto slabs = static_cast<unsigned>(PlaneSlabs::slabs(op));
    return {sums, 1, static_cast<std::int64_t>(sums) * slabs, slabs, PlaneSlabs::kValues, op.count()};
  }
  static SlabLayout of_columns(const ChannelPlanes& op, const Columns& columns, int sums) {
    return {sums * op.channels, op.channels, 1, columns.slabs, ColumnSlabs::slab_rows(columns.lanes), op.count()};
  }

  std::size_t bytes(std::int64_t channels, int sums) const {
    return static_cast<std::size_t>(channels * slabs * sums) * sizeof(float);
  }
  __device__ __forceinline__ std::int64_t at(unsigned slab, int sum, std::int64_t channel) const {
    return slab * of_slab + sum * of_sum + channel * of_channel;
  }
  __device__ __forceinline__ float values(unsigned slab) const {
    const std::int64_t left = count - slab * slab_values;
    return static_cast<float>(left < slab_values ? left : slab_values);
  }
};

}  // namespace lockstep::LOCKSTEP_BACKEND
