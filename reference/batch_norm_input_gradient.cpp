// SPDX-License-Identifier: Apache-2.0
#include "reference/batch_norm_input_gradient.hpp"

#include <bit>

#include "harness/data/error.hpp"
#include "harness/numerics/sum.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/exact_scale.hpp"
#include "reference/operators.hpp"
#include "reference/value_count.hpp"

namespace lockstep {

BatchNormInputGradient::BatchNormInputGradient(const Problem& problem)
    : planes(problem.shape("x")), affine(problem.parameters.boolean("affine", true)) {
  drawn_count = problem.parameters.integer("count", 2 * planes.count());
  if (drawn_count < planes.count())
    throw Refused("count=" + std::to_string(drawn_count) + "; accepted: at least the " +
                  std::to_string(planes.count()) + " values per channel of x");
}

namespace {

using Evaluation = std::unique_ptr<Evaluator<double>>;
using Inputs = std::vector<Values>;

/// d_x = scale (g - mean_g - (x - mean) slope), slope the mean of g times normalized, over the deviation.
template <class T>
struct Channel {
  T mean{}, mean_g{}, slope{}, scale{};
};

/// Inputs: x, weight, mean, rstd, sum_g, sum_g_centered, count, g_y. Output: d_x.
template <class T>
class Forward {
 public:
  Forward(const Problem& problem, const Operands<T>& in) : x_(in[0]), g_(in.back()), cursor_(planes_of(problem)) {
    const BatchNormInputGradient op(problem);
    const std::size_t first = op.affine ? 2 : 1;
    const Operand<T>&mean = in[first], rstd = in[first + 1], sum_g = in[first + 2], sum_g_centered = in[first + 3],
          digits = in[first + 4];
    const auto count = ValueCount::of(value_of(digits[0]), value_of(digits[1])).count;
    const T n = rounded_constant<T>(static_cast<double>(count));
    for (std::int64_t c = 0; c < op.planes.channels; ++c)
      channels_.push_back({mean[c], shared(T(sum_g[c] / n)), shared(T(rstd[c] * rstd[c] * (sum_g_centered[c] / n))),
                           shared(op.affine ? T(in[1][c] * rstd[c]) : rstd[c])});
  }

  T element(std::size_t, std::int64_t index) const {
    const Channel<T>& c = channels_[static_cast<std::size_t>(cursor_(index))];
    return c.scale * (g_[index] - c.mean_g - (x_[index] - c.mean) * c.slope);
  }

 private:
  static ChannelPlanes planes_of(const Problem& problem) { return BatchNormInputGradient(problem).planes; }

  Operand<T> x_, g_;
  std::vector<Channel<T>> channels_;
  mutable ChannelCursor cursor_;
};

/// What the formula is made of, per channel; a fault changes some of it.
struct Terms {
  double mean, rstd, weight, sum_g, sum_g_centered, n, rstd_factors = 2;
};

Fault changed(const char* id, const char* description,
              std::function<bool(const BatchNormInputGradient&, const Inputs&, std::int64_t channel, Terms&)> change) {
  return {id, description, [change](const Problem& p, const Inputs& in) -> Evaluation {
            const BatchNormInputGradient op(p);
            if (op.planes.count() == 0) return nullptr;
            const std::size_t first = op.affine ? 2 : 1;
            const auto n = static_cast<double>(ValueCount::of(in[first + 4][0], in[first + 4][1]).count);
            std::vector<Terms> channels;
            for (std::int64_t c = 0; c < op.planes.channels; ++c) {
              Terms t{in[first][c], in[first + 1][c], op.affine ? in[1][c] : 1, in[first + 2][c], in[first + 3][c], n};
              if (!change(op, in, c, t)) return nullptr;
              channels.push_back(t);
            }
            return std::make_unique<WrongAnswer>([op, channels, &in](std::size_t, std::int64_t index) {
              const Terms& t = channels[static_cast<std::size_t>(op.planes.channel_of(index))];
              const double slope = std::pow(t.rstd, t.rstd_factors) * t.sum_g_centered / t.n;
              return t.weight * t.rstd * (in.back()[index] - t.sum_g / t.n - (in[0][index] - t.mean) * slope);
            });
          }};
}

std::vector<Fault> all_faults() {
  using Op = BatchNormInputGradient;
  return {
      changed("local_count", "the count of this rank's batch",
              [](const Op& op, const Inputs&, std::int64_t, Terms& t) {
                t.n = static_cast<double>(op.planes.count());
                return op.drawn_count > op.planes.count();
              }),
      changed("sums_not_divided", "sums where their means belong",
              [](const Op&, const Inputs&, std::int64_t, Terms& t) {
                t.n = 1;
                return true;
              }),
      changed("count_minus_one", "divided by the count - 1",
              [](const Op&, const Inputs&, std::int64_t, Terms& t) {
                t.n -= 1;
                return t.n > 0;
              }),
      changed("count_digit_lost", "only what the count exceeds multiples of 2^24 by",
              [](const Op& op, const Inputs&, std::int64_t, Terms& t) {
                t.n = static_cast<double>(op.drawn_count % ValueCount::kBase);
                return op.drawn_count > ValueCount::kBase && t.n > 0;
              }),
      changed("without_mean_term", "without the mean of g_y",
              [](const Op&, const Inputs&, std::int64_t, Terms& t) {
                t.sum_g = 0;
                return true;
              }),
      changed("without_centered_term", "without the term of the variance",
              [](const Op&, const Inputs&, std::int64_t, Terms& t) {
                t.sum_g_centered = 0;
                return true;
              }),
      changed("rstd_once", "the centred sum taken for the normalised one",
              [](const Op&, const Inputs&, std::int64_t, Terms& t) {
                t.rstd_factors = 1;
                return true;
              }),
      changed("uncentered", "x not centred",
              [](const Op&, const Inputs&, std::int64_t, Terms& t) {
                t.mean = 0;
                return true;
              }),
      changed("weight_ignored", "the weight is taken for 1",
              [](const Op& op, const Inputs&, std::int64_t, Terms& t) {
                t.weight = 1;
                return op.affine;
              }),
      changed("own_sums", "the sums of this rank's batch",
              [](const Op& op, const Inputs& in, std::int64_t c, Terms& t) {
                const auto g = [&](std::int64_t i) { return in.back()[op.planes.index(c, i)]; };
                t.sum_g = sum<double>(op.planes.count(), g);
                t.sum_g_centered = dot<double>(op.planes.count(), g,
                                               [&](std::int64_t i) { return in[0][op.planes.index(c, i)] - t.mean; });
                return true;
              }),
  };
}

class BatchNormInputGradientOperator final : public FormulaOperator<Forward> {
 public:
  std::string_view name() const override { return "batch_norm_input_gradient"; }

  Signature signature(const Problem& problem) const override {
    const BatchNormInputGradient op(problem);
    const DType dtype = problem.dtype, per_channel = dtype == DType::f64 ? DType::f64 : DType::f32;
    const Shape channels{op.planes.channels};
    // Sums as large as those of so many gradients usually are.
    const double deviation = std::sqrt(static_cast<double>(op.drawn_count));
    const FillRange weight{.mean = 1.0, .deviation = 0.3}, rstd{.mean = 1.0, .deviation = 0.3, .positive = true},
        total{.mean = deviation, .deviation = deviation};
    Signature s;
    s.inputs.push_back(
        {"x", Role::input, dtype, op.planes.shape, {.moves_with_offset = true, .takes_special = true}, true});
    if (op.affine) s.inputs.push_back({"weight", Role::input, per_channel, channels, weight});
    s.inputs.push_back({"mean", Role::input, per_channel, channels, {.moves_with_offset = true}});
    s.inputs.push_back({"rstd", Role::input, per_channel, channels, rstd});
    s.inputs.push_back({"sum_g", Role::input, per_channel, channels, total});
    s.inputs.push_back({"sum_g_centered", Role::input, per_channel, channels, total});
    s.inputs.push_back({"count", Role::saved, per_channel, {ValueCount::kDigits}, {}});
    s.inputs.push_back({"g_y", Role::gradient, dtype, op.planes.shape, {}, true});
    s.outputs.push_back({"d_x", Role::output, dtype, op.planes.shape, {}, true, is_exact_on_integers(op)});
    return s;
  }

  void derive_saved(const Problem& problem, std::vector<Values>& inputs) const override {
    const BatchNormInputGradient op(problem);
    Values& count = inputs[op.affine ? 6 : 5];
    for (std::int64_t digit = 0; digit < ValueCount::kDigits; ++digit)
      count.set(digit, ValueCount{op.drawn_count}.digit(digit));
  }

  /// Operations per value: two differences, a product and two more; bytes: x, g_y and d_x once.
  Cost cost(const Problem& problem) const override {
    const BatchNormInputGradient op(problem);
    const double n = static_cast<double>(element_count(op.planes.shape));
    const double per_channel = static_cast<double>((op.affine ? 5 : 4) * op.planes.channels + ValueCount::kDigits) *
                               static_cast<double>(problem.dtype == DType::f64 ? sizeof(double) : sizeof(float));
    return {5 * n, 3 * n * static_cast<double>(size_in_bytes(problem.dtype)) + per_channel};
  }

  std::vector<Fault> faults(const Problem&) const override { return all_faults(); }

  std::vector<Fill> fills() const override {
    return {Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special};
  }

 private:
  /// With a power of two for the count everything is an integer over it: at most 64 (8 n + 8 + 16 64 8) / n, in 24 bits
  /// for n up to 2^14.
  static bool is_exact_on_integers(const BatchNormInputGradient& op) {
    return op.drawn_count > 0 && op.drawn_count <= 1 << 14 &&
           std::has_single_bit(static_cast<std::uint64_t>(op.drawn_count));
  }
};

}  // namespace

const Operator& batch_norm_input_gradient_operator() {
  static const BatchNormInputGradientOperator instance;
  return instance;
}

}  // namespace lockstep
