// SPDX-License-Identifier: Apache-2.0
#include "reference/mean.hpp"

#include <bit>

#include "harness/data/error.hpp"
#include "harness/numerics/repeated_terms.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/mean_faults.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

/// Which axes `dim` names. All axes are checked for range before any for repetition, as PyTorch does.
std::vector<bool> reduced_axes(const Problem& problem, std::size_t rank) {
  std::vector<std::int64_t> axes;
  if (!problem.parameters.is_none("dim")) axes = problem.parameters.integers("dim", {});
  if (axes.empty()) return std::vector<bool>(rank, true);
  // A scalar counts as one axis here.
  const std::int64_t range = std::max<std::int64_t>(static_cast<std::int64_t>(rank), 1);
  for (std::int64_t& axis : axes) {
    if (axis < -range || axis >= range)
      throw Refused("Dimension out of range (expected to be in range of [" + std::to_string(-range) + ", " +
                    std::to_string(range - 1) + "], but got " + std::to_string(axis) + ")");
    if (axis < 0) axis += range;
  }
  std::vector<bool> reduced(static_cast<std::size_t>(range), false);
  for (const std::int64_t axis : axes) {
    if (reduced[static_cast<std::size_t>(axis)])
      throw Refused("dim " + std::to_string(axis) + " appears multiple times in the list of dims");
    reduced[static_cast<std::size_t>(axis)] = true;
  }
  reduced.resize(rank);
  return reduced;
}

/// Appends an axis, or widens the last one where both are walked with one stride.
void append_axis(Shape& extents, Strides& strides, std::int64_t extent, std::int64_t stride) {
  if (!extents.empty() && strides.back() == extent * stride) {
    extents.back() *= extent;
    strides.back() = stride;
    return;
  }
  extents.push_back(extent);
  strides.push_back(stride);
}

}  // namespace

Mean::Mean(const Problem& problem)
    : shape(problem.shape("x")),
      is_reduced(reduced_axes(problem, shape.size())),
      keepdim(problem.parameters.boolean("keepdim", false)) {
  const Strides strides = row_major_strides(shape);
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const std::int64_t extent = shape[axis];
    if (is_reduced[axis]) {
      terms *= extent;
      if (keepdim) result_shape.push_back(1);
      append_axis(reduced_extents_, reduced_strides_, extent, strides[axis]);
    } else {
      outputs *= extent;
      result_shape.push_back(extent);
      append_axis(kept_extents_, kept_strides_, extent, strides[axis]);
    }
  }
}

std::int64_t Mean::first_term(std::int64_t index) const { return offset_of(index, kept_extents_, kept_strides_); }

std::int64_t Mean::output_of(std::int64_t index) const {
  std::int64_t output = 0, step = 1;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    if (!is_reduced[axis]) {
      output += index % shape[axis] * step;
      step *= shape[axis];
    }
    index /= shape[axis];
  }
  return output;
}

namespace {

template <class T>
class Forward {
 public:
  Forward(const Problem& problem, const Operands<T>& in) : op_(problem), x_(in[0]) {}
  T element(std::size_t, std::int64_t index) const {
    const std::int64_t first = op_.first_term(index);
    return sum_of_repeated<T>(op_.terms, [&](std::int64_t term) { return x_[first + op_.term_offset(term)]; }) /
           T(static_cast<double>(op_.terms));
  }

 private:
  Mean op_;
  Operand<T> x_;
};

template <class T>
class Backward {
 public:
  Backward(const Problem& problem, const Operands<T>& in) : op_(problem), g_(in[0]) {}
  T element(std::size_t, std::int64_t index) const {
    return g_[op_.output_of(index)] / T(static_cast<double>(op_.terms));
  }

 private:
  Mean op_;
  Operand<T> g_;
};

class MeanOperator final : public FormulaOperator<Forward, Backward> {
 public:
  std::string_view name() const override { return "mean"; }

  Signature signature(const Problem& problem) const override {
    const Mean op(problem);
    const bool forward = problem.direction == Direction::forward;
    const FillRange activation{.moves_with_offset = true, .takes_special = true};
    // Integers of at most 8 sum without rounding up to 2^20 of them, and dividing by a power of two loses nothing.
    constexpr std::int64_t kMostExactTerms = std::int64_t{1} << 20;
    const bool exact = op.terms <= kMostExactTerms && std::has_single_bit(static_cast<std::uint64_t>(op.terms));
    Signature s;
    s.inputs.push_back({.name = forward ? "x" : "g_y",
                        .role = forward ? Role::input : Role::gradient,
                        .dtype = problem.dtype,
                        .shape = forward ? op.shape : op.result_shape,
                        .fill = activation,
                        .takes_layout = true});
    s.outputs.push_back({.name = forward ? "y" : "d_x",
                         .role = Role::output,
                         .dtype = problem.dtype,
                         .shape = forward ? op.result_shape : op.shape,
                         .fill = {},
                         .takes_layout = true,
                         .exact = exact});
    return s;
  }

  /// Forward: an addition per element of x and a division per mean; backward: a division per mean. Every element of x (or
  /// d_x) and of y (or g_y) moves once.
  Cost cost(const Problem& problem) const override {
    const Mean op(problem);
    const double means = static_cast<double>(op.outputs), elements = means * static_cast<double>(op.terms);
    const double size = static_cast<double>(size_in_bytes(problem.dtype));
    return {problem.direction == Direction::forward ? elements + means : means, (elements + means) * size};
  }

  std::vector<Fault> faults(const Problem&) const override { return mean_faults(); }

  std::vector<Fill> fills() const override {
    return {Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special};
  }
};

}  // namespace

std::unique_ptr<Evaluator<double>> mean_as(const Problem& changed, const std::vector<Values>& inputs) {
  return evaluate_as<Forward, Backward>(changed, inputs);
}

const Operator& mean_operator() {
  static const MeanOperator instance;
  return instance;
}

}  // namespace lockstep
