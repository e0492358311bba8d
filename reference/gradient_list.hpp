// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/plan/problem.hpp"

namespace lockstep {

/// The gradients of a model's parameters: the shapes grad0, grad1, ... of a problem, by number. A number that is missing
/// is a parameter without gradient, which PyTorch skips.
class GradientList {
 public:
  /// Throws Error where an input is called `grad` without a number.
  explicit GradientList(const Problem& problem);
  std::size_t size() const { return shapes_.size(); }
  const Shape& shape(std::size_t k) const { return shapes_[k]; }
  /// "grad3"
  std::string input(std::size_t k) const { return "grad" + std::to_string(numbers_[k]); }
  /// "out3"
  std::string output(std::size_t k) const { return "out" + std::to_string(numbers_[k]); }
  /// Elements of all together.
  std::int64_t count() const;

 private:
  std::vector<std::int64_t> numbers_;
  std::vector<Shape> shapes_;
};

}  // namespace lockstep
