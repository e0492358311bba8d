// SPDX-License-Identifier: Apache-2.0
#include "reference/mse_loss.hpp"

#include <bit>

#include "harness/numerics/repeated_terms.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/broadcast.hpp"
#include "reference/exact_scale.hpp"
#include "reference/operators.hpp"

namespace lockstep {

MseLoss::MseLoss(const Problem& problem)
    : input(problem.shape("input")),
      target(problem.shape("target")),
      full(broadcast_shape(input, target)),
      reduction(read_reduction(problem.parameters)),
      count(element_count(full)) {
  if (reduction == Reduction::none) result_shape = full;
}

namespace {

/// input - target at an element of the broadcast shape.
template <class T>
class Difference {
 public:
  Difference(const MseLoss& op, const Operands<T>& in)
      : broadcasts_(op.broadcasts()),
        input_(in[0]),
        target_(in[1]),
        full_(op.full),
        input_strides_(broadcast_strides(op.input, op.full)),
        target_strides_(broadcast_strides(op.target, op.full)) {}

  T operator[](std::int64_t index) const {
    if (!broadcasts_) return input_[index] - target_[index];
    return input_[offset_of(index, full_, input_strides_)] - target_[offset_of(index, full_, target_strides_)];
  }

 private:
  bool broadcasts_;
  Operand<T> input_, target_;
  Shape full_;
  Strides input_strides_, target_strides_;
};

/// Output: y.
template <class T>
class Forward {
 public:
  Forward(const Problem& problem, const Operands<T>& in) : op_(problem), difference_(op_, in) {}

  T element(std::size_t, std::int64_t index) const {
    if (op_.reduction == Reduction::none) {
      const T difference = difference_[index];
      return difference * difference;
    }
    const T total = sum_of_repeated<T>(op_.count, [&](std::int64_t i) {
      const T difference = difference_[i];
      return difference * difference;
    });
    return op_.reduction == Reduction::mean ? total / T(op_.divisor()) : total;
  }

 private:
  MseLoss op_;
  Difference<T> difference_;
};

/// Outputs: d_input, d_target.
template <class T>
class Backward {
 public:
  Backward(const Problem& problem, const Operands<T>& in)
      : op_(problem), difference_(op_, in), g_(in[2]), copies_{{op_.input, op_.full}, {op_.target, op_.full}} {
    if (op_.reduction == Reduction::sum) scale_ = times_power_of_two(g_[0], 2.0);
    if (op_.reduction == Reduction::mean) scale_ = shared(T(held_constant<T>(2.0 / op_.divisor()) * g_[0]));
  }

  T element(std::size_t output, std::int64_t index) const {
    const BroadcastCopies& copies = copies_[output];
    const std::int64_t first = copies.first(index);
    const T gradient = copies.count() == 1 ? product(first) : sum<T>(copies.count(), [&](std::int64_t k) {
      return product(first + copies.distance(k));
    });
    return output == 0 ? gradient : -gradient;
  }

 private:
  T product(std::int64_t index) const {
    return difference_[index] * (op_.reduction == Reduction::none ? times_power_of_two(g_[index], 2.0) : scale_);
  }

  MseLoss op_;
  Difference<T> difference_;
  Operand<T> g_;
  BroadcastCopies copies_[2];
  T scale_{};
};

class MseLossOperator final : public FormulaOperator<Forward, Backward> {
 public:
  std::string_view name() const override { return "mse_loss"; }

  Signature signature(const Problem& problem) const override {
    const MseLoss op(problem);
    const DType dtype = problem.dtype;
    // Sums of squares stay below the largest f16.
    const FillRange activation{
        .exact_limit = kExactLimit, .adversarial_limit = 8, .moves_with_offset = true, .takes_special = true};
    Signature s;
    s.inputs.push_back({"input", Role::input, dtype, op.input, activation, true});
    s.inputs.push_back({"target", Role::input, dtype, op.target, activation, true});
    if (problem.direction == Direction::forward) {
      const bool exact = op.reduction == Reduction::none || sums_are_exact(op, op.count);
      s.outputs.push_back({"y", Role::output, dtype, op.result_shape, {}, true, exact});
      return s;
    }
    s.inputs.push_back({"g_y", Role::gradient, dtype, op.result_shape, {.exact_limit = kExactLimit}, true});
    const auto copies = [&](const Shape& operand) { return BroadcastCopies(operand, op.full).count(); };
    s.outputs.push_back({"d_input", Role::output, dtype, op.input, {}, true, sums_are_exact(op, copies(op.input))});
    s.outputs.push_back({"d_target", Role::output, dtype, op.target, {}, true, sums_are_exact(op, copies(op.target))});
    return s;
  }

  /// Forward: a difference, a square and an addition per element (none: no addition); backward: a difference and a product
  /// for both gradients. Every tensor moves once.
  Cost cost(const Problem& problem) const override {
    const MseLoss op(problem);
    const double n = static_cast<double>(op.count), size = static_cast<double>(size_in_bytes(problem.dtype));
    const double operands = static_cast<double>(element_count(op.input) + element_count(op.target));
    const double result = static_cast<double>(element_count(op.result_shape));
    if (problem.direction == Direction::forward)
      return {(op.reduction == Reduction::none ? 2 : 3) * n, (operands + result) * size};
    return {3 * n, (2 * operands + result) * size};
  }

  std::vector<Fault> faults(const Problem& problem) const override { return mse_loss_faults(problem.direction); }

  std::vector<Equivalence> equivalences() const override {
    return {
        {"expanded_square",
         {DType::f16, DType::bf16},
         "products of two numbers of 11 significant bits (8 in bf16) are exact in float32, and so are their sums to "
         "within the rounding of the result",
         {Direction::forward}}};
  }

  std::vector<Fill> fills() const override {
    return {Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special};
  }

 private:
  static constexpr std::int64_t kExactLimit = 8;

  /// Differences of integers are at most 16, their squares and products with g_y 256: sums of `terms` of them are exact
  /// in float below 2^24, and dividing by a power of two loses nothing.
  static bool sums_are_exact(const MseLoss& op, std::int64_t terms) {
    const bool divides = op.reduction == Reduction::mean;
    return terms < (1 << 15) && (!divides || std::has_single_bit(static_cast<std::uint64_t>(op.count)));
  }
};

}  // namespace

const Operator& mse_loss_operator() {
  static const MseLossOperator instance;
  return instance;
}

}  // namespace lockstep
