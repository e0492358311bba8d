// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "suites/replay/operator_run.hpp"

namespace lockstep {

/// What one array is compared with.
struct ArrayExpectation {
  /// The case's own numbers.
  const Values* expected = nullptr;
  /// Largest error of PyTorch's own float32 run; 0 where it is not known.
  double float32_error = 0;
  /// Whether NaN in `expected` is part of the right answer; without it a NaN never agrees.
  bool equal_nan = false;
  /// Whether the implementation was given other numbers than the case's (rounded ones, or results of an earlier step),
  /// so that the bound holds around `truth`, not around `expected`.
  bool is_drifted = false;
};

struct ArrayAgreement {
  bool agrees = false;
  /// Largest error in units of what is allowed there; 0 where everything is equal.
  double worst_in_limits = 0;
  /// What differs, in words: shapes, or the worst element with its error and limit.
  std::string difference;
};

/// Compares as the format of cases says. float64: |got - expected| <= 1e-9 max(1, max |expected|). Other dtypes: within
/// the implementation's derived bound, element by element, or in float32 within 4 float32_error. Integers: equal. An
/// infinity agrees with its like, and in a narrow dtype with a number that lies within the bound of overflowing to it.
ArrayAgreement compare_array(const ComputedArray& array, const ArrayExpectation& expectation);

/// Whether the formula itself, in double on the case's numbers, gives what the case expects: |exact - expected| <= 1e-9
/// max(1, max |expected|). Without this a wrong formula would agree with itself where the bound lies around `truth`.
ArrayAgreement compare_exact(const std::string& name, const Values& exact, const Values& expected, bool equal_nan);

}  // namespace lockstep
