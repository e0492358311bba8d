// SPDX-License-Identifier: Apache-2.0
#include "reference/batch_norm.hpp"

#include <cmath>

#include "harness/numerics/exact_terms.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/batch_norm_faults.hpp"
#include "reference/channel_moments.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

/// A parameter in the type in which an implementation holds it: rounded once.
template <class T>
T held(double value) {
  return T(value) * T(1.0);
}

template <class T>
struct Normaliser {
  T mean{}, rstd{};
};

template <class T>
Operand<T> operand_at(const Operands<T>& in, int position) {
  return position < 0 ? Operand<T>() : in[static_cast<std::size_t>(position)];
}

template <class T>
Normaliser<T> running_normaliser(const BatchNorm& op, const Operand<T>& mean, const Operand<T>& variance,
                                 std::int64_t c) {
  return {mean[c], shared(inverse_deviation(variance[c], op.eps))};
}

template <class T>
class Forward {
 public:
  Forward(const Problem& problem, const Operands<T>& in)
      : op_(problem),
        at_(op_, Direction::forward),
        x_(in[0]),
        weight_(operand_at(in, at_.weight)),
        bias_(operand_at(in, at_.bias)),
        running_mean_(operand_at(in, at_.running_mean)),
        running_var_(operand_at(in, at_.running_var)),
        channels_(op_.channels) {}

  T element(std::size_t output, std::int64_t index) const {
    switch (output) {
      case 0: return normalised(index);
      case 1: return running(running_mean_[index], index, [](const Moments<T>& m) { return m.mean; });
      case 2:
        return running(running_var_[index], index, [this](const Moments<T>& m) {
          const auto n = static_cast<double>(op_.count());
          return m.variance * (T(n) / T(n - 1));  // y takes the biased variance, the running one is unbiased
        });
      default: return T(static_cast<double>(op_.batches_after()));
    }
  }

 private:
  struct Channel {
    Moments<T> batch;
    Normaliser<T> normaliser;
  };

  const Channel& channel(std::int64_t c) const {
    return channels_.at(c, [this](std::int64_t k) -> Channel {
      if (!op_.from_batch()) return {{}, running_normaliser(op_, running_mean_, running_var_, k)};
      const Moments<T> m = channel_moments(op_, x_, k);
      return {m, {shared(m.mean), shared(inverse_deviation(m.variance, op_.eps))}};
    });
  }
  T normalised(std::int64_t index) const {
    const std::int64_t c = op_.channel_of(index);
    const Normaliser<T>& s = channel(c).normaliser;
    const T y = (x_[index] - s.mean) * s.rstd;
    return op_.affine ? y * weight_[c] + bias_[c] : y;
  }
  /// A copy where nothing is learnt: evaluation, or a batch without values.
  template <class Select>
  T running(const T& before, std::int64_t c, Select select) const {
    if (!op_.updates() || op_.count() == 0) return before;
    return held<T>(1 - op_.factor) * before + held<T>(op_.factor) * select(channel(c).batch);
  }

  BatchNorm op_;
  BatchNormPositions at_;
  Operand<T> x_, weight_, bias_, running_mean_, running_var_;
  LazyGroups<Channel> channels_;
};

/// Sums over a channel of g and of g times the normalised x.
template <class T>
struct GradientSums {
  T g{}, g_normalized{};
};

template <class T>
GradientSums<T> gradient_sums(const BatchNorm& op, const Operand<T>& g, const Operand<T>& x, const Normaliser<T>& s,
                              std::int64_t channel) {
  ChannelWalk walk_g(op.channels, op.plane, channel), walk_x(op.channels, op.plane, channel);
  return {sum<T>(op.count(), [&](std::int64_t i) { return g[walk_g(i)]; }),
          dot<T>(
              op.count(), [&](std::int64_t i) { return g[walk_g(i)]; },
              [&](std::int64_t i) { return (x[walk_x(i)] - s.mean) * s.rstd; })};
}

/// The same errors in closed form, many times as fast: x, g and the mean are exact, so every normalised x carries the
/// two roundings of its own subtraction and product, and rstd's error, which all share.
template <class T>
requires std::same_as<T, Tracked> GradientSums<T> gradient_sums(const BatchNorm& op, const Operand<T>& g,
                                                                const Operand<T>& x, const Normaliser<T>& s,
                                                                std::int64_t channel) {
  ExactTerms plain, products;
  const double mean = s.mean.value, rstd = s.rstd.value;
  const bool lanes = g.floats() != nullptr && x.floats() != nullptr;
  const std::int64_t grouped = lanes ? grouped_terms(op.count(), op.plane) : 0;
  for (std::int64_t image = 0; image < op.images; ++image) {
    const std::int64_t first = (image * op.channels + channel) * op.plane;
    std::int64_t i = first;
    for (; i < first + grouped; i += ExactTerms::kGroup) {
      const Lanes low = load_lanes(g.floats() + i), high = load_lanes(g.floats() + i + kLanes);
      plain.add(low, high);
      products.add(low * ((load_lanes(x.floats() + i) - mean) * rstd),
                   high * ((load_lanes(x.floats() + i + kLanes) - mean) * rstd));
    }
    for (; i < first + op.plane; ++i) {
      const double gradient = g[i].value;
      plain.add(gradient);
      products.add(gradient * ((x[i].value - mean) * rstd));
    }
  }
  SumStatistics all = products.statistics();
  const double u = current_roundoff(), typical = kRoundingRms * u;
  const double share = s.rstd.bound == 0 ? 0 : s.rstd.bound / std::abs(rstd);
  all.bound = all.magnitude * (share + 2 * u) * (1 + 2 * u);
  all.spread = all.squares * 2 * typical * typical;
  all.common = s.rstd.common == 0 ? 0 : all.magnitude * s.rstd.common / std::abs(rstd);
  return {tracked_sum(plain.statistics(), 0.0), tracked_sum(all, 1.0)};
}

/// Saved statistics are functions of x: with derivatives (second order) they are computed anew, to carry theirs.
template <class T>
constexpr bool kHasTangent = requires(T t) {
  t.tangent;
};

template <class T>
class Backward {
 public:
  Backward(const Problem& problem, const Operands<T>& in)
      : op_(problem),
        at_(op_, Direction::backward),
        x_(in[0]),
        weight_(operand_at(in, at_.weight)),
        mean_(operand_at(in, op_.from_batch() ? at_.saved_mean : at_.running_mean)),
        spread_(operand_at(in, op_.from_batch() ? at_.saved_rstd : at_.running_var)),
        g_(operand_at(in, at_.g_y)),
        normalisers_(op_.channels),
        sums_(op_.channels) {}

  /// Outputs: d_x, d_weight, d_bias.
  T element(std::size_t output, std::int64_t index) const {
    if (output == 1) return sums(index).g_normalized;
    if (output == 2) return sums(index).g;
    const std::int64_t c = op_.channel_of(index);
    const Normaliser<T>& s = normaliser(c);
    const T scale = op_.affine ? weight_[c] * s.rstd : s.rstd;
    if (!op_.from_batch()) return scale * g_[index];
    return scale * (g_[index] - sums(c).mean_g - normalized(index, s) * sums(c).mean_g_normalized);
  }

 private:
  struct Sums {
    T g{}, g_normalized{}, mean_g{}, mean_g_normalized{};
  };

  T normalized(std::int64_t index, const Normaliser<T>& s) const { return (x_[index] - s.mean) * s.rstd; }

  const Normaliser<T>& normaliser(std::int64_t c) const {
    return normalisers_.at(c, [this](std::int64_t k) -> Normaliser<T> {
      if (!op_.from_batch()) return running_normaliser(op_, mean_, spread_, k);
      if constexpr (kHasTangent<T>) {
        const Moments<T> m = channel_moments(op_, x_, k);
        return {m.mean, inverse_deviation(m.variance, op_.eps)};
      } else {
        return {mean_[k], spread_[k]};
      }
    });
  }
  const Sums& sums(std::int64_t c) const {
    return sums_.at(c, [this](std::int64_t k) {
      const GradientSums<T> both = gradient_sums(op_, g_, x_, normaliser(k), k);
      const T count = T(static_cast<double>(op_.count()));
      return Sums{both.g, both.g_normalized, shared(T(both.g / count)), shared(T(both.g_normalized / count))};
    });
  }

  BatchNorm op_;
  BatchNormPositions at_;
  Operand<T> x_, weight_, mean_, spread_, g_;
  LazyGroups<Normaliser<T>> normalisers_;
  LazyGroups<Sums> sums_;
};

class BatchNormOperator final : public FormulaOperator<Forward, Backward> {
 public:
  std::string_view name() const override { return "batch_norm"; }

  Signature signature(const Problem& problem) const override {
    const BatchNorm op(problem);
    const bool forward = problem.direction == Direction::forward;
    const BatchNormPositions at(op, problem.direction);
    const DType dtype = problem.dtype, per_channel = dtype == DType::f64 ? DType::f64 : DType::f32;
    const Shape channels{op.channels};
    // The running mean moves with x, else evaluation would see the offset and nothing beside it.
    const FillRange activation{.moves_with_offset = true, .takes_special = true}, weight{.mean = 1.0, .deviation = 0.3},
        bias{.deviation = 0.5}, mean{.moves_with_offset = true},
        variance{.mean = 1.0, .deviation = 0.3, .exact_limit = 8, .positive = true};
    Signature s;
    s.inputs.push_back({"x", Role::input, dtype, op.shape, activation, true});
    if (op.affine) s.inputs.push_back({"weight", Role::input, per_channel, channels, weight});
    if (at.bias > 0) s.inputs.push_back({"bias", Role::input, per_channel, channels, bias});
    if (at.running_mean > 0) {
      s.inputs.push_back({"running_mean", Role::input, per_channel, channels, mean});
      s.inputs.push_back({"running_var", Role::input, per_channel, channels, variance});
    }
    if (forward) {
      s.outputs.push_back({"y", Role::output, dtype, op.shape, {}, true});
      if (op.tracked) {
        s.outputs.push_back({"running_mean_out", Role::output, per_channel, channels, {}});
        s.outputs.push_back({"running_var_out", Role::output, per_channel, channels, {}});
        s.outputs.push_back({"num_batches_tracked_out", Role::output, DType::i64, {}, {}});
      }
      return s;
    }
    if (at.saved_mean > 0) {
      s.inputs.push_back({"saved_mean", Role::saved, per_channel, channels, {}});
      s.inputs.push_back({"saved_rstd", Role::saved, per_channel, channels, {}});
    }
    const FillRange gradient{};
    s.inputs.push_back({"g_y", Role::gradient, dtype, op.shape, gradient, true});
    s.outputs.push_back({"d_x", Role::output, dtype, op.shape, {}, true});
    if (op.affine) {
      const bool exact = static_cast<double>(op.count() * gradient.exact_limit) < 0x1p24;
      s.outputs.push_back({"d_weight", Role::output, per_channel, channels, {}});
      s.outputs.push_back({"d_bias", Role::output, per_channel, channels, {}, false, exact});
    }
    return s;
  }

  void derive_saved(const Problem& problem, std::vector<Values>& inputs) const override {
    const BatchNorm op(problem);
    const BatchNormPositions at(op, problem.direction);
    if (at.saved_mean < 0) return;
    const Operand<double> x(inputs[0]);
    for (std::int64_t c = 0; c < op.channels; ++c) {
      const Moments<double> m = op.count() == 0 ? Moments<double>{} : channel_moments(op, x, c);
      inputs[static_cast<std::size_t>(at.saved_mean)].set(c, m.mean);
      inputs[static_cast<std::size_t>(at.saved_rstd)].set(c, rsqrt(m.variance + op.eps));
    }
  }

  /// Operations per value: two-pass statistics and their application 8, application alone 2, backward 12 (evaluation:
  /// 6); bytes: x, y (and g_y) once, per channel what the signature lists.
  Cost cost(const Problem& problem) const override {
    const BatchNorm op(problem);
    const double n = static_cast<double>(element_count(op.shape)),
                 size = static_cast<double>(size_in_bytes(problem.dtype));
    const bool forward = problem.direction == Direction::forward;
    double per_channel = 0;
    const Signature s = signature(problem);
    for (const auto* list : {&s.inputs, &s.outputs})
      for (const TensorSpec& spec : *list)
        if (!spec.takes_layout)
          per_channel += static_cast<double>(element_count(spec.shape) * size_in_bytes(spec.dtype));
    // Without d_weight the evaluation's backward scales g_y and does not look at x.
    const bool reads_x = forward || op.from_batch() || op.affine;
    const double flops = forward ? (op.from_batch() ? 8 : 2) : op.from_batch() ? 12 : op.affine ? 6 : 1;
    return {flops * n, (forward ? 2 : reads_x ? 3 : 2) * n * size + per_channel};
  }

  std::vector<Fault> faults(const Problem& problem) const override { return batch_norm_faults(problem); }

  std::vector<Fill> fills() const override {
    return {Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special};
  }
};

}  // namespace

const Operator& batch_norm_operator() {
  static const BatchNormOperator instance;
  return instance;
}

}  // namespace lockstep
