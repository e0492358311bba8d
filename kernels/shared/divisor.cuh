// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/simt/port.cuh"

namespace lockstep::LOCKSTEP_BACKEND {

/// The number of terms. Beyond 2^24 not every count is a float: dividing by a rounded one would be a second rounding.
struct Divisor {
  explicit Divisor(std::int64_t terms)
      : wide(static_cast<double>(terms)),
        narrow(static_cast<float>(terms)),
        fits(static_cast<double>(narrow) == wide) {}
  double wide;
  float narrow;
  bool fits;
};

/// One correctly rounded division (of nothing by nothing: NaN).
__device__ __forceinline__ float divided(float sum, const Divisor& by) {
  return by.fits ? sum / by.narrow : static_cast<float>(static_cast<double>(sum) / by.wide);
}

}  // namespace lockstep::LOCKSTEP_BACKEND
