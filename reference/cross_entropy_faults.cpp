// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/numerics/sum.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/cross_entropy.hpp"

namespace lockstep {
namespace {

using WrongEvaluator = std::unique_ptr<Evaluator<double>>;
using Inputs = std::vector<Values>;

/// The operator in double with what can be got wrong as settings; without any it gives the right answer. `in` is
/// borrowed.
struct Wrong {
  CrossEntropy op;
  const Inputs& in;
  double kept_share = 1 - op.label_smoothing, even_share = op.label_smoothing / static_cast<double>(op.classes);
  bool is_weighted = op.has_weight, smooths_by_weight = op.has_weight, divides_by_weight = op.has_weight;
  bool drops_ignored = true, divides_by_kept = true, divides = op.reduction == Reduction::mean;
  double further_divisor = 1;
  std::int64_t summed_classes = op.classes, summed_rows = op.rows();
  bool shifts = true, reads_gradient = true, classes_last = false, takes_next_class = false;
  double own_class = 1;  // what the backward subtracts at the target

  double logit(std::int64_t row, std::int64_t c) const {
    return in[0][classes_last ? row * op.classes + c : op.index_of(row, c)];
  }
  double weight(std::int64_t c) const { return is_weighted ? in[2][c] : 1.0; }
  std::int64_t target(std::int64_t row) const {
    const std::int64_t t = in[1].integers()[row];
    if (t < 0 || t >= op.classes) return 0;  // an ignored row that was not skipped
    return takes_next_class ? (t + 1) % op.classes : t;
  }
  bool is_ignored(std::int64_t row) const { return !op.has_probabilities && in[1].integers()[row] == op.ignore_index; }

  double maximum(std::int64_t row) const {
    double largest = -std::numeric_limits<double>::infinity();
    for (std::int64_t c = 0; c < op.classes; ++c) largest = std::max(largest, logit(row, c));
    return largest;
  }
  double log_total(std::int64_t row) const {
    // Float on purpose: in double the exponential of what float32 can hold would hardly ever overflow.
    if (!shifts)
      return std::log(
          sum<float>(summed_classes, [&](std::int64_t c) { return std::exp(static_cast<float>(logit(row, c))); }));
    const double largest = maximum(row);
    return largest +
           std::log(sum<double>(summed_classes, [&](std::int64_t c) { return std::exp(logit(row, c) - largest); }));
  }
  double share(std::int64_t row, std::int64_t c) const {
    if (op.has_probabilities) return weight(c) * (kept_share * in[1][op.index_of(row, c)] + even_share);
    const double own = c == target(row) ? kept_share * weight(c) : 0.0;
    return own + even_share * (smooths_by_weight ? weight(c) : 1.0);
  }

  double loss(std::int64_t row) const {
    if (drops_ignored && is_ignored(row)) return 0;
    const double total = log_total(row);
    if (!op.has_probabilities && even_share == 0) return share(row, target(row)) * (total - logit(row, target(row)));
    return sum<double>(op.classes, [&](std::int64_t c) { return share(row, c) * (total - logit(row, c)); });
  }
  double divisor() const {
    if (!divides) return 1;
    if (op.has_probabilities) return further_divisor * static_cast<double>(op.rows());
    return further_divisor * sum<double>(op.rows(), [&](std::int64_t row) {
             if (divides_by_kept && is_ignored(row)) return 0.0;
             return divides_by_weight ? in[2][target(row)] : 1.0;
           });
  }
  double y(std::int64_t index) const {
    if (op.reduction == Reduction::none) return loss(index);
    return sum<double>(summed_rows, [this](std::int64_t row) { return loss(row); }) / divisor();
  }
  double gradient(std::size_t output, std::int64_t index, double scale) const {
    const std::int64_t row = op.row_of(index), c = op.class_of(index);
    const double total = log_total(row);
    if (drops_ignored && is_ignored(row)) return 0 * std::exp(logit(row, c) - total);
    if (op.reduction == Reduction::none && reads_gradient) scale *= in.back()[row];
    if (output == 1) return scale * kept_share * weight(c) * (total - logit(row, c));
    const double probability = std::exp(logit(row, c) - total);
    double share_sum = 0;
    if (op.has_probabilities || even_share > 0)
      share_sum = sum<double>(op.classes, [&](std::int64_t k) { return share(row, k); });
    else
      share_sum = share(row, target(row));
    return scale * (probability * share_sum - own_class * share(row, c));
  }
  /// What multiplies every gradient.
  double scale() const {
    const bool is_scalar = op.reduction != Reduction::none;
    return (is_scalar && reads_gradient ? in.back()[0] : 1.0) / divisor();
  }
};

/// Makes the evaluator of a wrong answer; `set` turns one setting and says whether the fault can occur on this problem.
template <class Set>
Fault fault(const char* id, const char* description, Set set) {
  return {id, description, [set](const Problem& problem, const Inputs& in) -> WrongEvaluator {
            Wrong wrong{.op = CrossEntropy(problem), .in = in};
            if (element_count(wrong.op.input) == 0 || !set(wrong)) return nullptr;
            if (problem.direction == Direction::forward)
              return std::make_unique<WrongAnswer>([wrong](std::size_t, std::int64_t i) { return wrong.y(i); });
            return std::make_unique<WrongAnswer>([wrong, scale = wrong.scale()](std::size_t output, std::int64_t i) {
              return wrong.gradient(output, i, scale);
            });
          }};
}

bool has_ignored(const Wrong& w) {
  for (std::int64_t row = 0; row < w.op.rows(); ++row)
    if (w.is_ignored(row)) return true;
  return false;
}

void add_reduction_faults(std::vector<Fault>& faults) {
  faults.push_back(fault("not_divided", "the sum in place of the mean", [](Wrong& w) {
    const bool applies = w.divides;
    w.divides = false;
    return applies;
  }));
  faults.push_back(fault("ignored_in_divisor", "the mean divides by ignored rows too", [](Wrong& w) {
    w.divides_by_kept = false;
    return w.divides && has_ignored(w);
  }));
  faults.push_back(
      fault("weights_not_in_divisor", "the mean divides by the number of rows, not by their weights", [](Wrong& w) {
        w.divides_by_weight = false;
        return w.divides && w.op.has_weight && !w.op.has_probabilities;
      }));
  faults.push_back(
      fault("mean_over_classes", "with probabilities the mean divides by the number of logits", [](Wrong& w) {
        w.further_divisor = static_cast<double>(w.op.classes);
        return w.divides && w.op.has_probabilities && w.op.classes > 1;
      }));
}

void add_target_faults(std::vector<Fault>& faults) {
  faults.push_back(fault("ignored_rows_kept", "an ignored row counts as one of its class, or of class 0", [](Wrong& w) {
    w.drops_ignored = false;
    return has_ignored(w);
  }));
  faults.push_back(fault("next_class", "the class after the target", [](Wrong& w) {
    w.takes_next_class = true;
    return !w.op.has_probabilities && w.op.classes > 1;
  }));
  faults.push_back(fault("weights_ignored", "class weights not applied, but divided by", [](Wrong& w) {
    w.is_weighted = false;
    return w.op.has_weight;
  }));
  faults.push_back(fault("smoothing_dropped", "no label smoothing", [](Wrong& w) {
    w.kept_share = 1;
    w.even_share = 0;
    return w.op.label_smoothing > 0;
  }));
  faults.push_back(fault("smoothing_among_others", "the even share divided by C - 1 classes", [](Wrong& w) {
    w.even_share = w.op.label_smoothing / static_cast<double>(w.op.classes - 1);
    return w.op.label_smoothing > 0 && w.op.classes > 1;
  }));
  faults.push_back(fault("smoothing_unweighted", "the even share without class weights", [](Wrong& w) {
    w.smooths_by_weight = false;
    return w.op.label_smoothing > 0 && w.op.has_weight && !w.op.has_probabilities;
  }));
}

void add_softmax_faults(std::vector<Fault>& faults) {
  faults.push_back(fault("no_shift", "exponentials in float without subtracting the maximum", [](Wrong& w) {
    w.shifts = false;
    return true;
  }));
  faults.push_back(fault("sum_one_short", "the sum of exponentials leaves out the last class", [](Wrong& w) {
    w.summed_classes = w.op.classes - 1;
    return w.op.classes > 1;
  }));
  faults.push_back(fault("classes_last", "logits read as if classes were the last axis", [](Wrong& w) {
    w.classes_last = true;
    return w.op.inner > 1 && w.op.classes > 1;
  }));
}

}  // namespace

std::vector<Fault> cross_entropy_faults(const Problem& problem) {
  std::vector<Fault> faults;
  add_reduction_faults(faults);
  add_target_faults(faults);
  add_softmax_faults(faults);
  if (problem.direction == Direction::forward) {
    faults.push_back(fault("last_row_dropped", "the last row left out of the sum", [](Wrong& w) {
      w.summed_rows = w.op.rows() - 1;
      return w.op.reduction != Reduction::none;
    }));
  } else {
    faults.push_back(fault("target_not_subtracted", "the probabilities without the targets subtracted", [](Wrong& w) {
      w.own_class = 0;
      return true;
    }));
    faults.push_back(fault("gradient_taken_for_one", "g_y not read: 1 in its place", [](Wrong& w) {
      w.reads_gradient = false;
      return true;
    }));
  }
  return faults;
}

}  // namespace lockstep
