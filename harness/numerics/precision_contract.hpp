// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "harness/data/dtype.hpp"

namespace lockstep {

/// How an implementation gets its variance; the errors differ by the condition number of the data.
enum class VarianceAlgorithm : std::uint8_t { two_pass, welford, one_pass };

/// What an implementation promises about its arithmetic. Bounds are derived from this and from nothing else, so an
/// implementation that does less than it promises fails.
struct PrecisionContract {
  /// Type in which sums and intermediates live.
  DType accumulation = DType::f32;
  /// Independent partial sums before they are combined by a tree; 1 means that nothing is known and any order is allowed
  /// (the depth is then the number of terms).
  std::int64_t partial_sums = 1;
  VarianceAlgorithm variance = VarianceAlgorithm::two_pass;
  /// Largest error of elementary functions in units in the last place. CUDA's documented values for float32: exp 2, erf 2,
  /// tanh 2, log 1, rsqrt 2 (CUDA C++ Programming Guide, mathematical functions); division and sqrt are correctly rounded.
  double exp_ulp = 2, erf_ulp = 2, tanh_ulp = 2, log_ulp = 1, rsqrt_ulp = 2;
  /// Error of erf that does not shrink with its value, in units of the roundoff: approximations such as Abramowitz and Stegun
  /// 7.1.26 subtract from 1 and keep absolute accuracy only.
  double erf_absolute = 0;
  /// Relative error of the inputs' conversion before multiplication (tf32: 2^-11); 0 when they are used as they are.
  double operand_roundoff = 0.0;
  /// Error per product of a matrix unit that truncates, in units of 2^-24 per term of the sum; 0 for ordinary arithmetic.
  double truncation_per_term = 0.0;
  /// Roundings are symmetric around zero, so that errors of many terms partly cancel: allows the statistical gate.
  bool unbiased = true;
  /// Results below the smallest normal number may become zero, as vectorised exponentials do.
  bool flushes_subnormals = false;
  /// A copied zero keeps its sign; false where a copy is made as a scaled sum, x + 0 y.
  bool copies_keep_zero_sign = true;
  /// Two launches on the same input give the same bits.
  bool deterministic = true;

  double roundoff() const { return unit_roundoff(accumulation); }
  /// Absolute error of a result that underflows: half the smallest subnormal number, or the smallest normal one.
  double underflow() const {
    return flushes_subnormals ? underflow_error(accumulation) / roundoff() : underflow_error(accumulation);
  }
  /// Relative error of an elementary function of `ulp` units: (2 ulp + 1) u.
  double function_error(double ulp) const { return (2.0 * ulp + 1.0) * roundoff(); }
  /// Longest chain of additions any of `terms` summands passes through.
  double depth(double terms) const;
};

/// The contract that Tracked arithmetic on this thread uses while the scope lives.
class ContractScope {
 public:
  explicit ContractScope(const PrecisionContract& contract);
  ~ContractScope();
  ContractScope(const ContractScope&) = delete;
  ContractScope& operator=(const ContractScope&) = delete;

 private:
  const PrecisionContract* previous_;
  PrecisionContract contract_;
};

namespace detail {
extern thread_local constinit const PrecisionContract* current_contract;
extern thread_local constinit double current_roundoff;
}  // namespace detail

/// Contract in force; a float32 one when no scope is open.
const PrecisionContract& current_contract();
inline double current_roundoff() { return detail::current_roundoff; }

}  // namespace lockstep
