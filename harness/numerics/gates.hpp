// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "harness/data/dtype.hpp"
#include "harness/numerics/tracked.hpp"

namespace lockstep {

/// The three gates of an element (DESIGN 1.2), and the one before them: NaN and infinity must match.
enum class Gate : std::uint8_t { none, non_finite, bound, statistical, exact };
std::string_view name_of(Gate gate);

/// Number of root-mean-square errors the statistical gate allows. Measured maxima over reductions of 2^12 to 2^20 terms stay
/// below 4.3; one in 10^15 normally distributed errors exceeds 8.
inline constexpr double kStatisticalGate = 8.0;

/// What one output element may be off by.
struct Allowance {
  /// Worst-case bound B = E + u_o (|y| + E) + eta, with E the computation's and u_o, eta the output type's rounding;
  /// 0 where the element is a copy of inputs and must be equal.
  double bound = 0;
  /// Root-mean-square error expected of a correct implementation.
  double rms = 0;
  /// The smaller of the bound and, where the contract's rounding is unbiased, 8 rms.
  double limit = 0;
};

Allowance allowance(const Tracked& expected, DType output, const PrecisionContract& contract);

struct ElementVerdict {
  /// Gate that rejected the element, or none.
  Gate rejected_by = Gate::none;
  /// In units of the bound and of the rms error; of the output type's rounding where only equality passes.
  double error_in_bounds = 0, error_in_rms = 0;
  /// Whether the result is the truth correctly rounded to the output type.
  bool correctly_rounded = false;
};

/// What an output element has to be.
enum class Demand : std::uint8_t {
  /// Inside the bound and, where the contract's rounding is unbiased, the statistical gate.
  within_gates,
  /// The correctly rounded truth: the data make every order of summation exact. Either zero passes for a zero, since sums
  /// that cancel and products with 0 legitimately give both.
  rounded_truth,
  /// The bits of the input's element that it copies: a zero keeps its sign. Any NaN passes for a NaN.
  copied_bits
};

ElementVerdict judge_element(double got, const Tracked& expected, DType output, const PrecisionContract& contract,
                             Demand demand);

/// Whether both are zero, but not the same one.
bool are_opposite_zeros(double a, double b);

}  // namespace lockstep
