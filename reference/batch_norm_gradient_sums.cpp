// SPDX-License-Identifier: Apache-2.0
#include "reference/batch_norm_gradient_sums.hpp"

#include "harness/numerics/sum.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/operators.hpp"

namespace lockstep {

BatchNormGradientSums::BatchNormGradientSums(const Problem& problem)
    : planes(problem.shape("x")), affine(problem.parameters.boolean("affine", true)) {}

namespace {

using Evaluation = std::unique_ptr<Evaluator<double>>;
using Inputs = std::vector<Values>;

template <class T>
struct Sums {
  T g{}, g_centered{};
};

template <class T>
Sums<T> sums(const ChannelPlanes& planes, const Operand<T>& g, const Operand<T>& x, const T& mean,
             std::int64_t channel) {
  ChannelWalk walk(planes.channels, planes.plane, channel), walk_x = walk;
  return {sum<T>(planes.count(), [&](std::int64_t i) { return g[walk(i)]; }),
          dot<T>(
              planes.count(), [&](std::int64_t i) { return g[walk(i)]; },
              [&](std::int64_t i) { return x[walk_x(i)] - mean; })};
}

/// Inputs: x, mean, rstd, g_y. Outputs: sum_g, sum_g_centered, d_weight.
template <class T>
class Forward {
 public:
  Forward(const Problem& problem, const Operands<T>& in)
      : planes_(BatchNormGradientSums(problem).planes),
        x_(in[0]),
        mean_(in[1]),
        rstd_(in[2]),
        g_(in[3]),
        channels_(planes_.channels) {}

  T element(std::size_t output, std::int64_t index) const {
    const Sums<T>& s = channels_.at(index, [this](std::int64_t c) { return sums<T>(planes_, g_, x_, mean_[c], c); });
    return output == 0 ? s.g : output == 1 ? s.g_centered : s.g_centered * rstd_[index];
  }

 private:
  ChannelPlanes planes_;
  Operand<T> x_, mean_, rstd_, g_;
  LazyGroups<Sums<T>> channels_;
};

/// A channel's sums, and the factor that makes d_weight of the second one.
struct Answer {
  double g, g_centered, rstd;
};

Fault answering(const char* id, const char* description,
                std::function<Answer(const ChannelPlanes&, const Inputs&, std::int64_t channel)> answer,
                std::int64_t least_images = 1) {
  return {id, description, [=](const Problem& p, const Inputs& in) -> Evaluation {
            const ChannelPlanes planes = BatchNormGradientSums(p).planes;
            if (planes.count() == 0 || planes.images < least_images) return nullptr;
            std::vector<Answer> answers;
            for (std::int64_t c = 0; c < planes.channels; ++c) answers.push_back(answer(planes, in, c));
            return std::make_unique<WrongAnswer>([answers](std::size_t output, std::int64_t index) {
              const Answer& a = answers[static_cast<std::size_t>(index)];
              return output == 0 ? a.g : output == 1 ? a.g_centered : a.g_centered * a.rstd;
            });
          }};
}

/// The right sums about `mean`.
Answer about(double mean, const ChannelPlanes& planes, const Inputs& in, std::int64_t c) {
  const Sums<double> s = sums<double>(planes, Operand<double>(in[3]), Operand<double>(in[0]), mean, c);
  return {s.g, s.g_centered, in[2][c]};
}

std::vector<Fault> all_faults() {
  return {
      answering("uncentered", "x not centred where it meets g_y",
                [](const ChannelPlanes& planes, const Inputs& in, std::int64_t c) { return about(0, planes, in, c); }),
      answering("divided_by_count", "means over this rank's batch instead of sums",
                [](const ChannelPlanes& planes, const Inputs& in, std::int64_t c) {
                  Answer a = about(in[1][c], planes, in, c);
                  a.g /= static_cast<double>(planes.count());
                  a.g_centered /= static_cast<double>(planes.count());
                  return a;
                }),
      answering("normalized_for_centered", "rstd inside of the sum that is to be exchanged without it",
                [](const ChannelPlanes& planes, const Inputs& in, std::int64_t c) {
                  Answer a = about(in[1][c], planes, in, c);
                  a.g_centered *= a.rstd;
                  a.rstd = 1;
                  return a;
                }),
      answering("d_weight_without_rstd", "d_weight is the centred sum",
                [](const ChannelPlanes& planes, const Inputs& in, std::int64_t c) {
                  Answer a = about(in[1][c], planes, in, c);
                  a.rstd = 1;
                  return a;
                }),
      answering("own_mean", "x centred with the mean of this rank's batch",
                [](const ChannelPlanes& planes, const Inputs& in, std::int64_t c) {
                  const double total =
                      sum<double>(planes.count(), [&](std::int64_t i) { return in[0][planes.index(c, i)]; });
                  return about(total / static_cast<double>(planes.count()), planes, in, c);
                }),
      answering(
          "one_image_less", "sums without the last image",
          [](ChannelPlanes planes, const Inputs& in, std::int64_t c) {
            --planes.images;
            return about(in[1][c], planes, in, c);
          },
          2),
      answering("first_64_channels", "the mean of channel c mod 64",
                [](const ChannelPlanes& planes, const Inputs& in, std::int64_t c) {
                  return about(in[1][c % 64], planes, in, c);
                }),
  };
}

class BatchNormGradientSumsOperator final : public FormulaOperator<Forward> {
 public:
  std::string_view name() const override { return "batch_norm_gradient_sums"; }

  Signature signature(const Problem& problem) const override {
    const BatchNormGradientSums op(problem);
    const DType dtype = problem.dtype, per_channel = dtype == DType::f64 ? DType::f64 : DType::f32;
    const Shape channels{op.planes.channels};
    const FillRange rstd{.mean = 1.0, .deviation = 0.3, .positive = true}, gradient{};
    Signature s;
    s.inputs.push_back(
        {"x", Role::input, dtype, op.planes.shape, {.moves_with_offset = true, .takes_special = true}, true});
    s.inputs.push_back({"mean", Role::input, per_channel, channels, {.moves_with_offset = true}});
    s.inputs.push_back({"rstd", Role::input, per_channel, channels, rstd});
    s.inputs.push_back({"g_y", Role::gradient, dtype, op.planes.shape, gradient, true});
    // Integers below 2^24 in any order: g and x - mean are at most 8 and 16 there, rstd 8.
    const double most = static_cast<double>(op.planes.count() * gradient.exact_limit);
    s.outputs.push_back({"sum_g", Role::output, per_channel, channels, {}, false, most < 0x1p24});
    s.outputs.push_back({"sum_g_centered", Role::output, per_channel, channels, {}, false, 16 * most < 0x1p24});
    if (op.affine)
      s.outputs.push_back({"d_weight", Role::output, per_channel, channels, {}, false, 16 * 8 * most < 0x1p24});
    return s;
  }

  /// Operations per value: an addition, and difference, product and addition; bytes: x and g_y once.
  Cost cost(const Problem& problem) const override {
    const BatchNormGradientSums op(problem);
    const double n = static_cast<double>(element_count(op.planes.shape));
    const double per_channel = static_cast<double>((op.affine ? 5 : 4) * op.planes.channels) *
                               static_cast<double>(problem.dtype == DType::f64 ? sizeof(double) : sizeof(float));
    return {4 * n, 2 * n * static_cast<double>(size_in_bytes(problem.dtype)) + per_channel};
  }

  std::vector<Fault> faults(const Problem&) const override { return all_faults(); }

  std::vector<Fill> fills() const override {
    return {Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special};
  }
};

}  // namespace

const Operator& batch_norm_gradient_sums_operator() {
  static const BatchNormGradientSumsOperator instance;
  return instance;
}

}  // namespace lockstep
