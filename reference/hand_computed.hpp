// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "harness/data/error.hpp"
#include "harness/plan/operator.hpp"

namespace lockstep {

/// For tests of references against values that a person can compute.

/// A tensor of `shape` holding `elements` in row-major order.
Values tensor(Shape shape, std::initializer_list<double> elements, DType dtype = DType::f64);

/// The first `count` elements of one output, in row-major order.
std::vector<double> elements(const Evaluator<double>& evaluator, std::size_t output, std::int64_t count);

/// Every element of one output of `operation` ("linear.backward") on the problem that `label` describes, in double.
std::vector<double> elements(const Operator& definition, std::string_view operation, std::string_view label,
                             const std::vector<Values>& inputs, std::size_t output = 0);

/// The message with which the contract refuses a problem, or "accepted".
template <class Contract>
std::string refusal_of(const Problem& problem) {
  try {
    Contract{problem};
  } catch (const Refused& refused) {
    return refused.what();
  }
  return "accepted";
}

}  // namespace lockstep
