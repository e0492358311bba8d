// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/shared/divisor.cuh"
#include "kernels/shared/reduce.cuh"
#include "kernels/shared/scalar.cuh"

namespace lockstep::LOCKSTEP_BACKEND {

/// Second stage of split sums: parts [outputs, parts] become means. `parts` is a power of two up to 256; up to 32 lanes
/// share an output and add its parts as a tree of fixed shape. Output o goes to (o / inner) * y_outer + o % inner.
template <class Scalar>
__global__ void __launch_bounds__(256)
    combine_parts(const float* __restrict__ sums, int parts, Scalar* __restrict__ y, std::int64_t outputs,
                  std::int64_t inner, std::int64_t y_outer, Divisor divisor) {
  const int lanes = parts < 32 ? parts : 32, per_lane = parts / lanes;
  const int lane = static_cast<int>(threadIdx.x) % lanes;
  const std::int64_t output = (static_cast<std::int64_t>(blockIdx.x) * 256 + threadIdx.x) / lanes;
  float held[8] = {};
#pragma unroll
  for (int i = 0; i < 8; ++i)
    if (i < per_lane && output < outputs) held[i] = sums[output * parts + i * lanes + lane];
  float total = ((held[0] + held[1]) + (held[2] + held[3])) + ((held[4] + held[5]) + (held[6] + held[7]));
  for (int distance = lanes / 2; distance > 0; distance /= 2) total += __shfl_xor_sync(kAllLanes, total, distance);
  if (lane == 0 && output < outputs)
    y[output / inner * y_outer + output % inner] = from_float<Scalar>(divided(total, divisor));
}

/// Its grid.
inline LaunchShape combine_shape(std::int64_t outputs, std::int64_t parts) {
  const std::int64_t threads = outputs * (parts < 32 ? parts : 32);
  return {(threads + 255) / 256, 256, 0};
}

}  // namespace lockstep::LOCKSTEP_BACKEND
