// SPDX-License-Identifier: Apache-2.0
#include "suites/replay/agreement.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#ifdef __FAST_MATH__
#error "agreement must not be compiled with fast-math: a NaN would agree"
#endif

namespace lockstep {
namespace {

constexpr double kDoubleTolerance = 1e-9;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

double double_limit(const Values& expected) {
  double largest = 1.0;
  for (std::int64_t i = 0; i < expected.count(); ++i)
    if (std::isfinite(expected[i])) largest = std::max(largest, std::abs(expected[i]));
  return kDoubleTolerance * largest;
}

std::string in_digits(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

/// One way to be right: within `limit` of `center`.
struct Tolerance {
  double center = 0, limit = 0;
};

/// Error in units of the limit; anything but a number up to 1 disagrees.
double error_in_limits(double got, const Tolerance& allowed, DType dtype, bool equal_nan) {
  if (got == allowed.center) return 0;
  if (std::isnan(allowed.center)) return equal_nan && std::isnan(got) ? 0 : kInfinity;
  if (std::isinf(got) && std::isfinite(allowed.center) && dtype != DType::f64) {
    const double farthest = allowed.center + std::copysign(allowed.limit, got);
    return round_to(dtype, farthest) == got ? 1 : kInfinity;
  }
  const double error = std::abs(got - allowed.center);
  if (!std::isfinite(error)) return kInfinity;
  return allowed.limit > 0 ? error / allowed.limit : kInfinity;
}

class Comparison {
 public:
  Comparison(std::string name, const Values& got, bool equal_nan)
      : name_(std::move(name)), got_(got), equal_nan_(equal_nan) {}

  void look(std::int64_t index, const Tolerance& derived, const Tolerance& measured) {
    const double by_bound = error_in_limits(got_[index], derived, got_.dtype(), equal_nan_);
    const double by_yardstick = error_in_limits(got_[index], measured, got_.dtype(), equal_nan_);
    // A bound may be NaN (no bound at all); then the other way decides.
    const bool yardstick_decides = !(by_bound <= by_yardstick);
    const double error = yardstick_decides ? by_yardstick : by_bound;
    if (!(error <= 1.0)) ++differing_;
    if (worst_index_ >= 0 && !(error > worst_)) return;
    worst_ = error;
    worst_index_ = index;
    worst_allowed_ = yardstick_decides && !(by_yardstick == kInfinity) ? measured : derived;
  }

  ArrayAgreement take() const {
    ArrayAgreement result{.agrees = differing_ == 0, .worst_in_limits = std::max(worst_, 0.0), .difference = {}};
    if (result.agrees) return result;
    result.difference = name_ + to_text(coordinates_of(worst_index_, got_.shape())) + " is " +
                        in_digits(got_[worst_index_]) + ", expected " + in_digits(worst_allowed_.center) + ": off by " +
                        in_digits(std::abs(got_[worst_index_] - worst_allowed_.center)) + ", limit " +
                        in_digits(worst_allowed_.limit) + "; " + std::to_string(differing_) + " of " +
                        std::to_string(got_.count()) + " elements differ";
    return result;
  }

 private:
  std::string name_;
  const Values& got_;
  bool equal_nan_;
  std::int64_t differing_ = 0, worst_index_ = -1;
  double worst_ = -1;
  Tolerance worst_allowed_;
};

ArrayAgreement shapes_differ(const std::string& name, const Values& got, const Values& expected) {
  return {.agrees = false,
          .worst_in_limits = kInfinity,
          .difference = name + " has the shape " + to_text(got.shape()) + ", expected " + to_text(expected.shape())};
}

}  // namespace

ArrayAgreement compare_array(const ComputedArray& array, const ArrayExpectation& expectation) {
  const Values& got = array.got;
  const Values& expected = *expectation.expected;
  if (got.shape() != expected.shape()) return shapes_differ(array.name, got, expected);
  if (is_floating(got.dtype()) && array.bound.empty())
    return compare_exact(array.name, got, expected, expectation.equal_nan);
  Comparison comparison(array.name, got, expectation.equal_nan);
  const bool is_integer = !is_floating(got.dtype());
  const double yardstick = got.dtype() == DType::f32 ? 4 * expectation.float32_error : 0;
  for (std::int64_t i = 0; i < got.count(); ++i) {
    const Tolerance derived{.center = expectation.is_drifted && !is_integer ? array.truth[i] : expected[i],
                            .limit = is_integer ? 0 : array.bound[static_cast<std::size_t>(i)]};
    comparison.look(i, derived, yardstick > 0 ? Tolerance{.center = expected[i], .limit = yardstick} : derived);
  }
  return comparison.take();
}

ArrayAgreement compare_exact(const std::string& name, const Values& exact, const Values& expected, bool equal_nan) {
  if (exact.shape() != expected.shape()) return shapes_differ(name, exact, expected);
  Comparison comparison(name, exact, equal_nan);
  const double limit = is_floating(exact.dtype()) ? double_limit(expected) : 0;
  for (std::int64_t i = 0; i < exact.count(); ++i) {
    const Tolerance allowed{.center = expected[i], .limit = limit};
    comparison.look(i, allowed, allowed);
  }
  return comparison.take();
}

}  // namespace lockstep
