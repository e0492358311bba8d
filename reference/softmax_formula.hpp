// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>

#include "harness/numerics/sum.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/softmax.hpp"

namespace lockstep {

/// What all elements of a group share: its maximum, which is exact, and the sum of the shifted exponentials.
template <class T>
struct SoftmaxGroup {
  double maximum = 0;
  T total{};
};

/// exp(x - max). The maximum enters as a constant: softmax does not change when all of a group is shifted, so neither its
/// derivative nor its rounding matters.
template <class T>
T shifted_exponential(const T& x, double maximum) {
  using std::exp;
  return exp(T(x - T(maximum)));
}

template <class T>
SoftmaxGroup<T> softmax_group(const Softmax& op, const Operand<T>& x, std::int64_t group) {
  double maximum = -std::numeric_limits<double>::infinity();
  // A NaN never wins here; it comes back through the sum.
  for (std::int64_t k = 0; k < op.length; ++k) {
    const double value = value_of(x[op.index_of(group, k)]);
    if (value > maximum) maximum = value;
  }
  const T total =
      sum<T>(op.length, [&](std::int64_t k) { return shifted_exponential(x[op.index_of(group, k)], maximum); });
  return {maximum, shared(total)};
}

/// Output: y.
template <class T>
class SoftmaxForward {
 public:
  SoftmaxForward(const Problem& problem, const Operands<T>& in) : op_(problem), x_(in[0]), groups_(op_.groups()) {}

  T element(std::size_t, std::int64_t index) const {
    const auto& group = groups_.at(op_.group_of(index), [this](std::int64_t g) { return softmax_group(op_, x_, g); });
    return shifted_exponential(x_[index], group.maximum) / group.total;
  }

 private:
  Softmax op_;
  Operand<T> x_;
  LazyGroups<SoftmaxGroup<T>> groups_;
};

/// Output: d_x.
template <class T>
class SoftmaxBackward {
 public:
  SoftmaxBackward(const Problem& problem, const Operands<T>& in)
      : op_(problem), g_(in[1]), y_(problem, in), products_(op_.groups()) {}

  T element(std::size_t, std::int64_t index) const {
    const T& product = products_.at(op_.group_of(index), [this](std::int64_t group) {
      return T(shared(T(dot<T>(
          op_.length, [&](std::int64_t k) { return y_.element(0, op_.index_of(group, k)); },
          [&](std::int64_t k) { return g_[op_.index_of(group, k)]; }))));
    });
    return y_.element(0, index) * (g_[index] - product);
  }

 private:
  Softmax op_;
  Operand<T> g_;
  SoftmaxForward<T> y_;
  LazyGroups<T> products_;
};

}  // namespace lockstep
