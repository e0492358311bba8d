// SPDX-License-Identifier: Apache-2.0
#include "reference/cross_entropy.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "harness/data/error.hpp"
#include "harness/numerics/sum.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/exact_scale.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

/// What all classes of a row share. The maximum enters as a constant: neither value nor derivative depends on it.
template <class T>
struct LogitRow {
  double maximum = 0;
  T total{}, log_total{};
};

/// Errors that the classes of a row share are independent of another row's, and add up as such.
template <class T>
T of_one_row(const T& loss) {
  if constexpr (std::same_as<T, Tracked>)
    return {loss.value, loss.bound, loss.spread + loss.common * loss.common, 0.0};
  else
    return loss;
}

/// What forward and backward have in common: logits, targets q and the divisor of the mean.
template <class T>
class Rows {
 public:
  Rows(const Problem& problem, const Operands<T>& in)
      : op(problem),
        target(in[1]),
        kept_share(held_constant<T>(1.0 - op.label_smoothing)),
        even_share(held_constant<T>(op.label_smoothing / static_cast<double>(op.classes))),
        input_(in[0]),
        weight_(op.has_weight ? in[op.weight_input()] : Operand<T>()),
        rows_(op.rows()) {
    if (op.has_weight && smooths())
      weight_sum_ = shared(T(sum<T>(op.classes, [&](std::int64_t c) { return weight_[c]; })));
  }

  bool smooths() const { return op.label_smoothing > 0; }
  bool is_ignored(std::int64_t row) const { return !op.has_probabilities && target.integer(row) == op.ignore_index; }
  /// w_c times a value.
  T weighted(std::int64_t c, const T& value) const { return op.has_weight ? weight_[c] * value : value; }

  T probability(std::int64_t row, std::int64_t c) const {
    using std::exp;
    const LogitRow<T>& logits = row_at(row);
    return exp(distance(row, c, logits)) / logits.total;
  }
  /// -l_rc, which is not negative.
  T surprise(std::int64_t row, std::int64_t c) const {
    const LogitRow<T>& logits = row_at(row);
    return logits.log_total - distance(row, c, logits);
  }

  /// y_r.
  T loss(std::int64_t row) const {
    if (is_ignored(row)) return T(0.0);
    if (op.has_probabilities)
      return of_one_row(T(dot<T>(
          op.classes, [&](std::int64_t c) { return share(row, c); },
          [&](std::int64_t c) { return surprise(row, c); })));
    const std::int64_t t = target.integer(row);
    const T own = weighted(t, surprise(row, t));
    if (!smooths()) return of_one_row(own);
    const T all = sum<T>(op.classes, [&](std::int64_t c) { return weighted(c, surprise(row, c)); });
    return of_one_row(T(kept_share * own + even_share * all));
  }

  /// q_rc of a row that is kept.
  T share(std::int64_t row, std::int64_t c) const {
    if (op.has_probabilities) {
      const T given = target[op.index_of(row, c)];
      return weighted(c, smooths() ? T(kept_share * given + even_share) : given);
    }
    const bool is_target = c == target.integer(row);
    if (!smooths()) return is_target ? weighted(c, T(1.0)) : T(0.0);
    return weighted(c, is_target ? T(kept_share + even_share) : even_share);
  }
  /// Sum over the classes of q.
  T share_sum(std::int64_t row) const {
    if (op.has_probabilities) return shared(T(sum<T>(op.classes, [&](std::int64_t c) { return share(row, c); })));
    if (!op.has_weight) return T(1.0);
    const T own = weight_[target.integer(row)];
    return smooths() ? T(kept_share * own + even_share * weight_sum_) : own;
  }

  /// D.
  T divisor() const {
    if (op.has_probabilities) {
      constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
      return T(op.classes > 0 ? static_cast<double>(op.rows()) : kNothing);
    }
    return sum<T>(op.rows(),
                  [&](std::int64_t row) { return is_ignored(row) ? T(0.0) : weighted(target.integer(row), T(1.0)); });
  }

  CrossEntropy op;
  Operand<T> target;
  /// 1 - e and e / C, as an implementation holds them.
  T kept_share, even_share;

 private:
  T distance(std::int64_t row, std::int64_t c, const LogitRow<T>& logits) const {
    return input_[op.index_of(row, c)] - T(logits.maximum);
  }
  const LogitRow<T>& row_at(std::int64_t row) const {
    return rows_.at(row, [this](std::int64_t r) {
      using std::exp, std::log;
      LogitRow<T> logits{.maximum = -std::numeric_limits<double>::infinity()};
      // A NaN never wins here; it comes back through the sum.
      for (std::int64_t c = 0; c < op.classes; ++c)
        if (const double value = value_of(input_[op.index_of(r, c)]); value > logits.maximum) logits.maximum = value;
      logits.total = sum<T>(op.classes, [&](std::int64_t c) { return exp(distance(r, c, logits)); });
      logits.log_total = shared(T(log(logits.total)));
      logits.total = shared(logits.total);
      return logits;
    });
  }

  Operand<T> input_, weight_;
  T weight_sum_{};
  LazyGroups<LogitRow<T>> rows_;
};

/// Output: y.
template <class T>
class Forward {
 public:
  Forward(const Problem& problem, const Operands<T>& in) : rows_(problem, in) {}

  T element(std::size_t, std::int64_t index) const {
    const CrossEntropy& op = rows_.op;
    if (op.reduction == Reduction::none) return rows_.loss(index);
    const T total = sum<T>(op.rows(), [this](std::int64_t row) { return rows_.loss(row); });
    return op.reduction == Reduction::mean ? total / rows_.divisor() : total;
  }

 private:
  Rows<T> rows_;
};

/// Outputs: d_input, and d_target of probabilities.
template <class T>
class Backward {
 public:
  Backward(const Problem& problem, const Operands<T>& in)
      : rows_(problem, in), g_(in[rows_.op.gradient_input()]), share_sums_(rows_.op.rows()) {
    if (rows_.op.reduction == Reduction::sum) scale_ = g_[0];
    if (rows_.op.reduction == Reduction::mean) scale_ = shared(T(g_[0] / rows_.divisor()));
  }

  T element(std::size_t output, std::int64_t index) const {
    const std::int64_t row = rows_.op.row_of(index), c = rows_.op.class_of(index);
    if (rows_.is_ignored(row)) return T(0.0 * value_of(rows_.probability(row, c)));
    const T scale = rows_.op.reduction == Reduction::none ? g_[row] : scale_;
    if (output == 1) {
      const T weighted = rows_.weighted(c, rows_.surprise(row, c));
      return scale * (rows_.smooths() ? rows_.kept_share * weighted : weighted);
    }
    if (!rows_.op.has_probabilities && !rows_.smooths())  // q is w_t at one class and sums to it
      return rows_.weighted(rows_.target.integer(row), scale) *
             (c == rows_.target.integer(row) ? T(rows_.probability(row, c) - T(1.0)) : rows_.probability(row, c));
    const T& share_sum = share_sums_.at(row, [this](std::int64_t r) { return rows_.share_sum(r); });
    return scale * (rows_.probability(row, c) * share_sum - rows_.share(row, c));
  }

 private:
  Rows<T> rows_;
  Operand<T> g_;
  T scale_{};
  LazyGroups<T> share_sums_;
};

class CrossEntropyOperator final : public FormulaOperator<Forward, Backward> {
 public:
  std::string_view name() const override { return "cross_entropy"; }

  Signature signature(const Problem& problem) const override {
    const CrossEntropy op(problem);
    const DType dtype = problem.dtype;
    // Integers that are not all zero have no exact exponentials.
    const FillRange logits{.exact_limit = 0, .adversarial_limit = 40, .moves_with_offset = true, .takes_special = true};
    Signature s;
    s.inputs.push_back({"input", Role::input, dtype, op.input, logits, true});
    if (op.has_probabilities) {
      s.inputs.push_back({"target", Role::input, dtype, op.target, {.deviation = 0.3, .positive = true}, true});
    } else {
      // Without classes there is no right target, and every one that is drawn is refused.
      FillRange indices{.low = 0, .high = std::max<std::int64_t>(op.classes - 1, 0)};
      // Only a problem that names the index has rows to ignore.
      if (problem.parameters.has("ignore_index")) indices.sentinel = op.ignore_index;
      s.inputs.push_back({"target", Role::input, DType::i64, op.target, indices});
    }
    if (op.has_weight)
      s.inputs.push_back({"weight", Role::input, dtype, op.weight, {.deviation = 0.5, .positive = true}});
    if (problem.direction == Direction::forward) {
      s.outputs.push_back({"y", Role::output, dtype, op.result_shape, {}});
      return s;
    }
    s.inputs.push_back({"g_y", Role::gradient, dtype, op.result_shape, {}});
    s.outputs.push_back({"d_input", Role::output, dtype, op.input, {}, true, is_exact_on_zeros(op, problem)});
    if (op.has_probabilities) s.outputs.push_back({"d_target", Role::output, dtype, op.target, {}, true});
    return s;
  }

  void check_inputs(const Problem& problem, const std::vector<Values>& inputs) const override {
    const CrossEntropy op(problem);
    if (op.has_probabilities) return;
    for (std::int64_t row = 0; row < inputs[1].count(); ++row)
      if (const std::int64_t t = inputs[1].integers()[row]; t != op.ignore_index && (t < 0 || t >= op.classes))
        throw Refused("Target " + std::to_string(t) + " is out of bounds.");
  }

  /// Per logit: maximum, difference, exponential and sum are 4, smoothing or probabilities add 2; backward adds a division
  /// and 2 for the gradient. Every tensor moves once.
  Cost cost(const Problem& problem) const override {
    const CrossEntropy op(problem);
    const double logits = static_cast<double>(element_count(op.input)), rows = static_cast<double>(op.rows());
    const double size = static_cast<double>(size_in_bytes(problem.dtype));
    const bool all_classes = op.has_probabilities || op.label_smoothing > 0;
    const double targets = op.has_probabilities ? logits * size : rows * 8.0;
    const double small = static_cast<double>(element_count(op.weight) + element_count(op.result_shape)) * size;
    if (problem.direction == Direction::forward)
      return {(all_classes ? 6 : 4) * logits, logits * size + targets + small};
    return {(all_classes ? 9 : 7) * logits, 2 * logits * size + (op.has_probabilities ? 2 : 1) * targets + small};
  }

  std::vector<Fault> faults(const Problem& problem) const override { return cross_entropy_faults(problem); }

  std::vector<Fill> fills() const override {
    return {Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special};
  }

 private:
  /// Zeros give p = 1 / C, and without weights and smoothing every further step is exact where C, and for the mean the
  /// number of rows, are powers of two.
  static bool is_exact_on_zeros(const CrossEntropy& op, const Problem& problem) {
    const auto is_power = [](std::int64_t n) { return std::has_single_bit(static_cast<std::uint64_t>(n)); };
    if (op.has_probabilities || op.has_weight || op.label_smoothing > 0) return false;
    if (!is_power(op.classes) || op.classes > (1 << 16)) return false;
    if (op.reduction != Reduction::mean) return true;
    return is_power(op.rows()) && !problem.parameters.has("ignore_index");
  }
};

}  // namespace

const Operator& cross_entropy_operator() {
  static const CrossEntropyOperator instance;
  return instance;
}

}  // namespace lockstep
