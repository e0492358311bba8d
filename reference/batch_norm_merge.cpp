// SPDX-License-Identifier: Apache-2.0
#include "reference/batch_norm_merge.hpp"

#include <algorithm>
#include <numeric>

#include "harness/data/error.hpp"
#include "harness/numerics/moments.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/exact_scale.hpp"
#include "reference/operators.hpp"
#include "reference/value_count.hpp"

namespace lockstep {

BatchNormMerge::BatchNormMerge(const Problem& problem) {
  const Shape& means = problem.shape("means");
  const Parameters& given = problem.parameters;
  if (means.size() != 2) throw Refused("expected means of shape [ranks, channels], got " + to_text(means));
  ranks = means[0];
  channels = means[1];
  if (ranks == 0) throw Refused("expected statistics of at least one rank, got means of shape " + to_text(means));
  if (channels == 0) throw Refused("select(): index 0 out of range for tensor of size [0] at dimension 0");
  eps = given.real("eps", eps);
  tracked = given.boolean("track_running_stats", true);
  const auto batches_before = given.integer("num_batches_tracked", 0);
  if (batches_before < 0)
    throw Error("parameter num_batches_tracked=" + given.text("num_batches_tracked", "") + "; accepted: 0 or more");
  factor = given.is_none("momentum") ? 1.0 / static_cast<double>(batches_before + 1) : given.real("momentum", factor);
  drawn_counts = given.integers("counts", std::vector<std::int64_t>(static_cast<std::size_t>(ranks), 32));
  if (drawn_counts.size() != static_cast<std::size_t>(ranks))
    throw Refused("expected a count for each of " + std::to_string(ranks) + " ranks, got " +
                  std::to_string(drawn_counts.size()));
  if (std::any_of(drawn_counts.begin(), drawn_counts.end(), [](std::int64_t count) { return count < 0; }))
    throw Refused("expected counts of 0 or more, got " + to_text(drawn_counts));
  if (std::accumulate(drawn_counts.begin(), drawn_counts.end(), std::int64_t{0}) == 1)
    throw Refused("Expected more than 1 value per channel when training, got one on all ranks together");
}

namespace {

template <class T>
struct Merged {
  T mean{}, m2{};
};

/// The counts, exact whatever T is: ratios of them round once.
template <class T>
std::vector<std::int64_t> counts_of(const BatchNormMerge& op, const Operand<T>& digits) {
  std::vector<std::int64_t> counts;
  for (std::int64_t j = 0; j < op.ranks; ++j)
    counts.push_back(ValueCount::of(value_of(digits[2 * j]), value_of(digits[2 * j + 1])).count);
  return counts;
}

template <class T>
T number(std::int64_t count) {
  return rounded_constant<T>(static_cast<double>(count));
}

template <class T>
Merged<T> merged(const std::vector<std::int64_t>& counts, std::int64_t channels, const Operand<T>& means,
                 const Operand<T>& m2s, std::int64_t channel) {
  Merged<T> all;
  std::int64_t n = 0;
  for (std::size_t j = 0; j < counts.size(); ++j) {
    if (counts[j] == 0) continue;
    const std::int64_t at = static_cast<std::int64_t>(j) * channels + channel;
    if (n == 0) {  // taken as it is: there is nothing to average, and nothing to round
      all = {means[at], m2s[at]};
    } else {
      const T weight = number<T>(counts[j]) / number<T>(n + counts[j]);
      const T difference = means[at] - all.mean;
      all.mean += difference * weight;
      all.m2 += m2s[at] + difference * difference * (number<T>(n) * weight);
    }
    n += counts[j];
  }
  return all;
}

/// Outputs: mean, rstd, count, running_mean_out, running_var_out. Inputs: means, m2s, counts, running_mean, running_var.
template <class T>
class Forward {
 public:
  Forward(const Problem& problem, const Operands<T>& in)
      : op_(problem),
        means_(in[0]),
        m2s_(in[1]),
        running_mean_(op_.tracked ? in[3] : Operand<T>()),
        running_var_(op_.tracked ? in[4] : Operand<T>()),
        counts_(counts_of(op_, in[2])),
        n_(std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0})),
        channels_(op_.channels) {}

  T element(std::size_t output, std::int64_t index) const {
    if (output == 2) return T(ValueCount{n_}.digit(index));
    const Merged<T>& m =
        channels_.at(index, [this](std::int64_t c) { return merged(counts_, op_.channels, means_, m2s_, c); });
    switch (output) {
      case 0: return m.mean;
      case 1: return inverse_deviation(n_ == 0 ? T(0.0) : T(m.m2 / number<T>(n_)), op_.eps);
      case 3: return running(running_mean_[index], m.mean);
      default: return running(running_var_[index], m.m2 / number<T>(n_ - 1));
    }
  }

 private:
  T running(const T& before, const T& now) const {
    if (n_ == 0) return before;
    return rounded_constant<T>(1 - op_.factor) * before + rounded_constant<T>(op_.factor) * now;
  }

  BatchNormMerge op_;
  Operand<T> means_, m2s_, running_mean_, running_var_;
  std::vector<std::int64_t> counts_;
  std::int64_t n_;
  LazyGroups<Merged<T>> channels_;
};

class BatchNormMergeOperator final : public FormulaOperator<Forward> {
 public:
  std::string_view name() const override { return "batch_norm_merge"; }

  Signature signature(const Problem& problem) const override {
    const BatchNormMerge op(problem);
    const DType dtype = problem.dtype == DType::f64 ? DType::f64 : DType::f32;
    const Shape table{op.ranks, op.channels}, channels{op.channels};
    const FillRange mean{.moves_with_offset = true, .takes_special = true},
        m2{.mean = 32, .deviation = 10, .positive = true},
        variance{.mean = 1.0, .deviation = 0.3, .exact_limit = 8, .positive = true};
    Signature s;
    s.inputs.push_back({"means", Role::input, dtype, table, mean});
    s.inputs.push_back({"m2s", Role::input, dtype, table, m2});
    s.inputs.push_back({"counts", Role::saved, dtype, {op.ranks, ValueCount::kDigits}, {}});
    s.outputs.push_back({"mean", Role::output, dtype, channels, {}});
    s.outputs.push_back({"rstd", Role::output, dtype, channels, {}});
    s.outputs.push_back({"count", Role::output, dtype, {ValueCount::kDigits}, {}, false, true});
    if (op.tracked) {
      s.inputs.push_back({"running_mean", Role::input, dtype, channels, {.moves_with_offset = true}});
      s.inputs.push_back({"running_var", Role::input, dtype, channels, variance});
      s.outputs.push_back({"running_mean_out", Role::output, dtype, channels, {}});
      s.outputs.push_back({"running_var_out", Role::output, dtype, channels, {}});
    }
    return s;
  }

  void derive_saved(const Problem& problem, std::vector<Values>& inputs) const override {
    const BatchNormMerge op(problem);
    for (std::int64_t j = 0; j < op.ranks; ++j)
      for (std::int64_t digit = 0; digit < ValueCount::kDigits; ++digit)
        inputs[2].set(ValueCount::kDigits * j + digit,
                      ValueCount{op.drawn_counts[static_cast<std::size_t>(j)]}.digit(digit));
  }

  /// Operations: 9 per rank and channel (two of them for the weight), 8 per channel at the end.
  Cost cost(const Problem& problem) const override {
    const BatchNormMerge op(problem);
    const double table = static_cast<double>(op.ranks * op.channels), channels = static_cast<double>(op.channels);
    const double size = problem.dtype == DType::f64 ? sizeof(double) : sizeof(float);
    return {9 * table + 8 * channels, size * (2 * table + (op.tracked ? 6 : 2) * channels)};
  }

  std::vector<Fault> faults(const Problem&) const override { return batch_norm_merge_faults(); }

  std::vector<Fill> fills() const override { return {Fill::normal, Fill::offset, Fill::exact, Fill::special}; }
};

}  // namespace

const Operator& batch_norm_merge_operator() {
  static const BatchNormMergeOperator instance;
  return instance;
}

}  // namespace lockstep
