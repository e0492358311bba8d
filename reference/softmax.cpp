// SPDX-License-Identifier: Apache-2.0
#include "reference/softmax.hpp"

#include <bit>
#include <limits>

#include "harness/data/error.hpp"
#include "harness/numerics/sum.hpp"
#include "reference/operators.hpp"
#include "reference/softmax_formula.hpp"

namespace lockstep {

Softmax::Softmax(const Problem& problem) : shape(problem.shape("x")) {
  if (!problem.parameters.has("dim"))
    throw Error("softmax, x=" + to_label(shape) +
                ": parameter dim is missing; accepted: an axis of x such as 0, or _1 for the last");
  const std::int64_t given = problem.parameters.integer("dim", 0);
  const std::int64_t rank = std::max<std::int64_t>(static_cast<std::int64_t>(shape.size()), 1);
  if (given < -rank || given >= rank)
    throw Refused("Dimension out of range (expected to be in range of [" + std::to_string(-rank) + ", " +
                  std::to_string(rank - 1) + "], but got " + std::to_string(given) + ")");
  dim = given < 0 ? given + rank : given;
  for (std::int64_t axis = 0; axis < static_cast<std::int64_t>(shape.size()); ++axis)
    (axis < dim ? outer : axis == dim ? length : inner) *= shape[static_cast<std::size_t>(axis)];
}

namespace {

class SoftmaxOperator final : public FormulaOperator<SoftmaxForward, SoftmaxBackward> {
 public:
  std::string_view name() const override { return "softmax"; }

  Signature signature(const Problem& problem) const override {
    const Softmax op(problem);
    // Of integers only zeros give exponentials and a sum without rounding: every y is then 1 / length, and where that is a
    // power of two each step of the backward is exact as well (24 bits hold 16 times the largest such length).
    const bool exact = std::has_single_bit(static_cast<std::uint64_t>(op.length)) && op.length <= (1 << 16);
    const FillRange activation{.exact_limit = 0, .moves_with_offset = true, .takes_special = true};
    Signature s;
    s.inputs.push_back({"x", Role::input, problem.dtype, op.shape, activation, true});
    if (problem.direction == Direction::backward)
      s.inputs.push_back({"g_y", Role::gradient, problem.dtype, op.shape, {}, true});
    const char* const output = problem.direction == Direction::forward ? "y" : "d_x";
    s.outputs.push_back({output, Role::output, problem.dtype, op.shape, {}, true, exact});
    return s;
  }

  /// Per element: maximum, subtraction, exponential, sum and division are 5; the backward adds the dot product's 2, a
  /// subtraction and a product. Bytes: every tensor once.
  Cost cost(const Problem& problem) const override {
    const double n = static_cast<double>(element_count(Softmax(problem).shape));
    const double size = static_cast<double>(size_in_bytes(problem.dtype));
    return problem.direction == Direction::forward ? Cost{5 * n, 2 * n * size} : Cost{9 * n, 3 * n * size};
  }

  std::vector<Fault> faults(const Problem&) const override { return softmax_faults(); }

  std::vector<Fill> fills() const override {
    return {Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special};
  }
};

}  // namespace

const Operator& softmax_operator() {
  static const SoftmaxOperator instance;
  return instance;
}

}  // namespace lockstep
