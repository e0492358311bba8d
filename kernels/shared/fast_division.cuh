// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/simt/port.cuh"

namespace lockstep::LOCKSTEP_BACKEND {

/// Division of numbers below 2^31 by a divisor known at launch: one high multiplication, one addition and one shift where
/// the machine's division takes some twenty instructions (Granlund and Montgomery 1994, round-up method).
class FastDivision {
 public:
  FastDivision() : FastDivision(1) {}
  /// `divisor` in [1, 2^31).
  explicit FastDivision(unsigned divisor) : divisor_(divisor) {
    while ((1ull << shift_) < divisor) ++shift_;
    multiplier_ = static_cast<unsigned>(((1ull << 32) * ((1ull << shift_) - divisor)) / divisor + 1);
  }
  /// The numerator stays below 2^31, so that the addition cannot overflow.
  __device__ __forceinline__ unsigned quotient(unsigned numerator) const {
    return (__umulhi(numerator, multiplier_) + numerator) >> shift_;
  }
  __device__ __forceinline__ unsigned divisor() const { return divisor_; }

 private:
  unsigned divisor_, multiplier_ = 0, shift_ = 0;
};

}  // namespace lockstep::LOCKSTEP_BACKEND
