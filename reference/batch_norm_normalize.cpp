// SPDX-License-Identifier: Apache-2.0
#include "reference/batch_norm_normalize.hpp"

#include <cmath>

#include "harness/numerics/moments.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/operators.hpp"

namespace lockstep {

BatchNormNormalize::BatchNormNormalize(const Problem& problem)
    : planes(problem.shape("x")), affine(problem.parameters.boolean("affine", true)) {}

namespace {

using Evaluation = std::unique_ptr<Evaluator<double>>;
using Inputs = std::vector<Values>;

template <class T>
struct Channel {
  T mean{}, rstd{}, weight{}, bias{};
};

/// Inputs: x, weight, bias, mean, rstd. Output: y.
template <class T>
class Forward {
 public:
  Forward(const Problem& problem, const Operands<T>& in) : op_(problem), x_(in[0]), cursor_(op_.planes) {
    const std::size_t statistics = op_.affine ? 3 : 1;
    for (std::int64_t c = 0; c < op_.planes.channels; ++c) {
      Channel<T> channel{.mean = in[statistics][c], .rstd = in[statistics + 1][c]};
      if (op_.affine) {
        channel.weight = in[1][c];
        channel.bias = in[2][c];
      }
      channels_.push_back(channel);
    }
  }

  T element(std::size_t, std::int64_t index) const {
    const Channel<T>& c = channels_[static_cast<std::size_t>(cursor_(index))];
    const T y = (x_[index] - c.mean) * c.rstd;
    return op_.affine ? y * c.weight + c.bias : y;
  }

 private:
  BatchNormNormalize op_;
  Operand<T> x_;
  std::vector<Channel<T>> channels_;
  mutable ChannelCursor cursor_;
};

/// The channels' statistics, weights and biases are changed before they are applied.
Fault changed(const char* id, const char* description,
              std::function<bool(const BatchNormNormalize&, const Values& x, std::vector<Channel<double>>&)> change) {
  return {id, description, [change](const Problem& p, const Inputs& in) -> Evaluation {
            const BatchNormNormalize op(p);
            const std::size_t statistics = op.affine ? 3 : 1;
            std::vector<Channel<double>> channels;
            for (std::int64_t c = 0; c < op.planes.channels; ++c)
              channels.push_back(
                  {in[statistics][c], in[statistics + 1][c], op.affine ? in[1][c] : 1.0, op.affine ? in[2][c] : 0.0});
            if (op.planes.count() == 0 || !change(op, in[0], channels)) return nullptr;
            return std::make_unique<WrongAnswer>([op, channels, &in](std::size_t, std::int64_t index) {
              const auto& c = channels[static_cast<std::size_t>(op.planes.channel_of(index))];
              return (in[0][index] - c.mean) * c.rstd * c.weight + c.bias;
            });
          }};
}

using Channels = std::vector<Channel<double>>;

std::vector<Fault> all_faults() {
  return {
      changed("own_statistics", "x normalised with the statistics of this rank's batch",
              [](const BatchNormNormalize& op, const Values& x, Channels& channels) {
                for (std::size_t c = 0; c < channels.size(); ++c) {
                  const auto m = moments<double>(op.planes.count(), [&](std::int64_t i) {
                    return x[op.planes.index(static_cast<std::int64_t>(c), i)];
                  });
                  channels[c].mean = m.mean;
                  channels[c].rstd = 1 / std::sqrt(m.variance + 1e-5);
                }
                return true;
              }),
      changed("divided_by_rstd", "the inverse deviation taken for the deviation",
              [](const BatchNormNormalize&, const Values&, Channels& channels) {
                for (auto& channel : channels) channel.rstd = 1 / channel.rstd;
                return true;
              }),
      changed("rstd_as_variance", "1 / sqrt of the inverse deviation",
              [](const BatchNormNormalize&, const Values&, Channels& channels) {
                for (auto& channel : channels) channel.rstd = 1 / std::sqrt(channel.rstd);
                return true;
              }),
      changed("weight_ignored", "the weight is taken for 1",
              [](const BatchNormNormalize& op, const Values&, Channels& channels) {
                for (auto& channel : channels) channel.weight = 1;
                return op.affine;
              }),
      changed("bias_ignored", "the bias is taken for 0",
              [](const BatchNormNormalize& op, const Values&, Channels& channels) {
                for (auto& channel : channels) channel.bias = 0;
                return op.affine;
              }),
      changed("first_64_channels", "statistics of channel c mod 64",
              [](const BatchNormNormalize&, const Values&, Channels& channels) {
                for (std::size_t c = 64; c < channels.size(); ++c) {
                  channels[c].mean = channels[c % 64].mean;
                  channels[c].rstd = channels[c % 64].rstd;
                }
                return channels.size() > 64;
              }),
  };
}

class BatchNormNormalizeOperator final : public FormulaOperator<Forward> {
 public:
  std::string_view name() const override { return "batch_norm_normalize"; }

  Signature signature(const Problem& problem) const override {
    const BatchNormNormalize op(problem);
    const DType dtype = problem.dtype, per_channel = dtype == DType::f64 ? DType::f64 : DType::f32;
    const Shape channels{op.planes.channels};
    Signature s;
    s.inputs.push_back(
        {"x", Role::input, dtype, op.planes.shape, {.moves_with_offset = true, .takes_special = true}, true});
    if (op.affine) {
      s.inputs.push_back({"weight", Role::input, per_channel, channels, {.mean = 1.0, .deviation = 0.3}});
      s.inputs.push_back({"bias", Role::input, per_channel, channels, {.deviation = 0.5}});
    }
    s.inputs.push_back({"mean", Role::input, per_channel, channels, {.moves_with_offset = true}});
    s.inputs.push_back({"rstd", Role::input, per_channel, channels, {.mean = 1.0, .deviation = 0.3, .positive = true}});
    // Small integers: (8 + 8) 8 8 + 8 is one, which every rounding but the last leaves alone.
    s.outputs.push_back({"y", Role::output, dtype, op.planes.shape, {}, true, true});
    return s;
  }

  /// Operations per value: 2, with weight and bias 4; bytes: x and y once, and what there is per channel.
  Cost cost(const Problem& problem) const override {
    const BatchNormNormalize op(problem);
    const double n = static_cast<double>(element_count(op.planes.shape));
    const double per_channel = static_cast<double>((op.affine ? 4 : 2) * op.planes.channels) *
                               static_cast<double>(problem.dtype == DType::f64 ? sizeof(double) : sizeof(float));
    return {(op.affine ? 4 : 2) * n, 2 * n * static_cast<double>(size_in_bytes(problem.dtype)) + per_channel};
  }

  std::vector<Fault> faults(const Problem&) const override { return all_faults(); }

  std::vector<Fill> fills() const override {
    return {Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special};
  }
};

}  // namespace

const Operator& batch_norm_normalize_operator() {
  static const BatchNormNormalizeOperator instance;
  return instance;
}

}  // namespace lockstep
