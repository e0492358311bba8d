// SPDX-License-Identifier: Apache-2.0
#include "harness/numerics/gates.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#ifdef __FAST_MATH__
#error "the gates must not be compiled with fast-math: a NaN would pass"
#endif

namespace lockstep {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// NaN or infinity on either side. An infinite result is right where the true value, within its bound, rounds to it.
ElementVerdict judge_non_finite(double got, double truth, const Allowance& allowed, DType output) {
  ElementVerdict verdict;
  bool right = false;
  if (std::isnan(truth)) {
    right = std::isnan(got);
  } else if (std::isinf(got)) {
    const double farthest = std::isinf(truth) ? truth : truth + std::copysign(allowed.bound, got);
    right = round_to(output, farthest) == got;
  } else if (std::isinf(truth)) {
    right = got == truth;
  } else if (!std::isnan(got)) {  // the truth overflows the output type, the result does not
    const double nearest = truth - std::copysign(allowed.bound, truth);
    right = std::abs(got) >= std::abs(round_to(output, nearest));
  }
  verdict.correctly_rounded = right;
  if (!right) {
    verdict.rejected_by = Gate::non_finite;
    verdict.error_in_bounds = verdict.error_in_rms = kInfinity;
  }
  return verdict;
}

}  // namespace

std::string_view name_of(Gate gate) {
  switch (gate) {
    case Gate::none: return "none";
    case Gate::non_finite: return "non_finite";
    case Gate::bound: return "bound";
    case Gate::statistical: return "statistical";
    case Gate::exact: return "exact";
  }
  return "";
}

bool are_opposite_zeros(double a, double b) { return a == 0 && b == 0 && std::signbit(a) != std::signbit(b); }

Allowance allowance(const Tracked& expected, DType output, const PrecisionContract& contract) {
  const double magnitude = std::abs(expected.value);
  const bool narrowed = unit_roundoff(output) > contract.roundoff();
  Allowance allowed;
  allowed.rms = expected.rms();
  if (expected.bound == 0 && round_to(output, expected.value) == expected.value) return allowed;
  const double conversion = narrowed || expected.bound == 0 ? unit_roundoff(output) : 0.0;
  // Results near underflow lose absolute, not relative, accuracy: in the output type once, in intermediates a few times.
  const double underflow = underflow_error(output) + 4 * contract.underflow();
  allowed.bound = expected.bound + conversion * (magnitude + expected.bound) + underflow;
  // A single rounding is uniform within +-u|y|: its rms is u|y| / sqrt(3).
  const double conversion_rms = conversion * magnitude * 0.57735;
  allowed.rms = std::hypot(std::sqrt(expected.spread), conversion_rms) + expected.common + underflow;
  allowed.limit = contract.unbiased ? std::min(allowed.bound, kStatisticalGate * allowed.rms) : allowed.bound;
  return allowed;
}

ElementVerdict judge_element(double got, const Tracked& expected, DType output, const PrecisionContract& contract,
                             Demand demand) {
  const Allowance allowed = allowance(expected, output, contract);
  const double rounded_truth = round_to(output, expected.value);
  if (!std::isfinite(got) || !std::isfinite(rounded_truth))
    return judge_non_finite(got, expected.value, allowed, output);

  ElementVerdict verdict;
  const double error = std::abs(got - expected.value);
  verdict.correctly_rounded = got == rounded_truth;
  // Where only equality passes the error is told in roundings of the output type: a number is more use than infinity.
  const double scale = allowed.bound > 0 ? allowed.bound
                                         : unit_roundoff(output) * std::max(std::abs(got), std::abs(expected.value)) +
                                               underflow_error(output);
  verdict.error_in_bounds = error == 0 ? 0 : error / scale;
  verdict.error_in_rms = error == 0 ? 0 : error / (allowed.bound > 0 ? allowed.rms : scale);
  // Every comparison is negated, so that a NaN bound rejects.
  if (demand != Demand::within_gates && !verdict.correctly_rounded) {
    verdict.rejected_by = Gate::exact;
  } else if (demand == Demand::copied_bits && are_opposite_zeros(got, rounded_truth)) {
    verdict.rejected_by = Gate::exact;
    verdict.correctly_rounded = false;
    verdict.error_in_bounds = verdict.error_in_rms = kInfinity;  // no distance tells them apart
  }
  if (verdict.rejected_by != Gate::none) return verdict;
  if (!(error <= allowed.bound))
    verdict.rejected_by = Gate::bound;
  else if (contract.unbiased && !(error <= kStatisticalGate * allowed.rms))
    verdict.rejected_by = Gate::statistical;
  return verdict;
}

}  // namespace lockstep
