// SPDX-License-Identifier: Apache-2.0
#include "reference/batch_norm_faults.hpp"

#include <algorithm>
#include <cmath>

#include "harness/numerics/moments.hpp"
#include "reference/batch_norm.hpp"

namespace lockstep {
namespace {

using Evaluation = std::unique_ptr<Evaluator<double>>;
using Inputs = std::vector<Values>;

/// Values over which statistics are taken: element i of group k lies at the row-major index at(k, i).
struct Grouping {
  std::int64_t groups, count;
  bool per_image;
  std::function<std::int64_t(std::int64_t group, std::int64_t i)> at;
};

Grouping by_channel(const BatchNorm& op, std::int64_t images) {
  return {op.channels, images * op.plane, false, [op](std::int64_t c, std::int64_t i) { return op.index(c, i); }};
}
/// The wrong axis: an image instead of a channel.
Grouping by_image(const BatchNorm& op) {
  const std::int64_t size = op.channels * op.plane;
  return {op.images, size, true, [size](std::int64_t image, std::int64_t i) { return image * size + i; }};
}

/// Everything the forward knows of a channel; a fault changes some of it.
struct ChannelAnswer {
  double mean = 0, variance = 0, running_mean = 0, running_var = 0;
};

class WrongForward final : public Evaluator<double> {
 public:
  using Change = std::function<void(ChannelAnswer&, std::int64_t channel)>;

  WrongForward(const Problem& problem, const Inputs& in, Grouping grouping, Change change, double eps,
               std::int64_t counter)
      : op_(problem),
        at_(op_, Direction::forward),
        in_(in),
        grouping_(std::move(grouping)),
        change_(std::move(change)),
        eps_(eps),
        counter_(counter),
        answers_(grouping_.per_image ? op_.images * op_.channels : op_.channels) {}

  double element(std::size_t output, std::int64_t index) const override {
    if (output == 3) return static_cast<double>(counter_);
    const std::int64_t c = output == 0 ? op_.channel_of(index) : index;
    const std::int64_t image =
        output == 0 ? index / (op_.channels * op_.plane) : index % std::max<std::int64_t>(op_.images, 1);
    const ChannelAnswer& s = answer(grouping_.per_image ? image : c, c);
    if (output == 1) return s.running_mean;
    if (output == 2) return s.running_var;
    const double normalized = (in_[0][index] - s.mean) / std::sqrt(s.variance + eps_);
    return op_.affine ? normalized * input(at_.weight)[c] + input(at_.bias)[c] : normalized;
  }

 private:
  const Values& input(int position) const { return in_[static_cast<std::size_t>(position)]; }
  const ChannelAnswer& answer(std::int64_t group, std::int64_t c) const {
    return answers_.at(grouping_.per_image ? group * op_.channels + c : c, [&](std::int64_t) {
      ChannelAnswer s;
      const double before_mean = op_.tracked ? input(at_.running_mean)[c] : 0;
      const double before_var = op_.tracked ? input(at_.running_var)[c] : 0;
      if (op_.from_batch()) {
        const auto m = moments<double>(grouping_.count, [&](std::int64_t i) { return in_[0][grouping_.at(group, i)]; });
        s = {m.mean, m.variance, before_mean, before_var};
        if (op_.updates()) {
          const auto n = static_cast<double>(grouping_.count);
          s.running_mean = (1 - op_.factor) * before_mean + op_.factor * m.mean;
          s.running_var = (1 - op_.factor) * before_var + op_.factor * m.variance * n / (n - 1);
        }
      } else {
        s = {before_mean, before_var, before_mean, before_var};
      }
      if (change_) change_(s, c);
      return s;
    });
  }

  BatchNorm op_;
  BatchNormPositions at_;
  const Inputs& in_;
  Grouping grouping_;
  Change change_;
  double eps_;
  std::int64_t counter_;
  LazyGroups<ChannelAnswer> answers_;
};

/// What a backward may do otherwise.
struct BackwardFault {
  Grouping grouping;
  bool mean_terms, centered = true;
  double eps;
};

class WrongBackward final : public Evaluator<double> {
 public:
  WrongBackward(const Problem& problem, const Inputs& in, BackwardFault fault)
      : op_(problem), at_(op_, Direction::backward), in_(in), fault_(std::move(fault)), sums_(fault_.grouping.groups) {}

  double element(std::size_t output, std::int64_t index) const override {
    if (output > 0) {
      const Sums& s = sums(fault_.grouping.per_image ? index % op_.images : index);
      return output == 1 ? s.g_normalized : s.g;
    }
    const std::int64_t c = op_.channel_of(index);
    const double scale = op_.affine ? input(at_.weight)[c] * rstd(c) : rstd(c);
    if (!fault_.mean_terms) return scale * input(at_.g_y)[index];
    const Sums& s = sums(fault_.grouping.per_image ? index / (op_.channels * op_.plane) : c);
    const auto n = static_cast<double>(fault_.grouping.count);
    return scale * (input(at_.g_y)[index] - s.g / n - normalized(index) * s.g_normalized / n);
  }

 private:
  struct Sums {
    double g = 0, g_normalized = 0;
  };
  const Values& input(int position) const { return in_[static_cast<std::size_t>(position)]; }
  double rstd(std::int64_t c) const {
    return op_.from_batch() ? input(at_.saved_rstd)[c] : 1 / std::sqrt(input(at_.running_var)[c] + fault_.eps);
  }
  double normalized(std::int64_t index) const {
    const std::int64_t c = op_.channel_of(index);
    const double mean = input(op_.from_batch() ? at_.saved_mean : at_.running_mean)[c];
    return (in_[0][index] - (fault_.centered ? mean : 0)) * rstd(c);
  }
  const Sums& sums(std::int64_t group) const {
    return sums_.at(group, [this](std::int64_t k) {
      const auto at = [&](std::int64_t i) { return fault_.grouping.at(k, i); };
      const Values& g = input(at_.g_y);
      return Sums{sum<double>(fault_.grouping.count, [&](std::int64_t i) { return g[at(i)]; }),
                  sum<double>(fault_.grouping.count, [&](std::int64_t i) { return g[at(i)] * normalized(at(i)); })};
    });
  }

  BatchNorm op_;
  BatchNormPositions at_;
  const Inputs& in_;
  BackwardFault fault_;
  LazyGroups<Sums> sums_;
};

/// Channel statistics changed by `change`.
Evaluation changed(const Problem& p, const Inputs& in, WrongForward::Change change) {
  const BatchNorm op(p);
  return std::make_unique<WrongForward>(p, in, by_channel(op, op.images), std::move(change), op.eps,
                                        op.batches_after());
}
Evaluation grouped(const Problem& p, const Inputs& in, Grouping grouping) {
  const BatchNorm op(p);
  return std::make_unique<WrongForward>(p, in, std::move(grouping), nullptr, op.eps, op.batches_after());
}
Evaluation counted(const Problem& p, const Inputs& in, std::int64_t counter) {
  const BatchNorm op(p);
  return std::make_unique<WrongForward>(p, in, by_channel(op, op.images), nullptr, op.eps, counter);
}

/// E[x^2] - E[x]^2 in float, as kernels that read x once are tempted to do.
float one_pass_variance(const BatchNorm& op, const Values& x, std::int64_t channel) {
  float total = 0, squares = 0;
  for (std::int64_t i = 0; i < op.count(); ++i) {
    const auto value = static_cast<float>(x[op.index(channel, i)]);
    total += value;
    squares += value * value;
  }
  const float n = static_cast<float>(op.count()), mean = total / n;
  return std::fmax(squares / n - mean * mean, 0.0f);
}

bool has_batch(const BatchNorm& op) { return op.from_batch() && op.count() > 1; }

std::vector<Fault> forward_faults() {
  return {
      {"eps_doubled", "eps twice as large (2e-5 for 1e-5)",
       [](const Problem& p, const Inputs& in) -> Evaluation {
         const BatchNorm op(p);
         return std::make_unique<WrongForward>(p, in, by_channel(op, op.images), nullptr, 2 * op.eps,
                                               op.batches_after());
       }},
      {"unbiased_variance", "y normalised with the variance divided by count - 1",
       [](const Problem& p, const Inputs& in) -> Evaluation {
         const BatchNorm op(p);
         const auto n = static_cast<double>(op.count());
         return has_batch(op) ? changed(p, in, [n](ChannelAnswer& s, std::int64_t) { s.variance *= n / (n - 1); })
                              : nullptr;
       }},
      {"biased_running_var", "running variance from the variance divided by count",
       [](const Problem& p, const Inputs& in) -> Evaluation {
         const BatchNorm op(p);
         const auto n = static_cast<double>(op.count());
         if (!op.updates() || !has_batch(op)) return nullptr;
         return changed(p, in, [f = op.factor, n](ChannelAnswer& s, std::int64_t) {
           s.running_var += f * s.variance * (1 - n / (n - 1));
         });
       }},
      {"one_pass_variance", "variance as E[x^2] - E[x]^2 in float",
       [](const Problem& p, const Inputs& in) -> Evaluation {
         const BatchNorm op(p);
         const auto n = static_cast<double>(op.count());
         if (!has_batch(op)) return nullptr;
         return changed(p, in, [op, n, &in](ChannelAnswer& s, std::int64_t c) {
           const double wrong = one_pass_variance(op, in[0], c);
           if (op.updates()) s.running_var += op.factor * (wrong - s.variance) * n / (n - 1);
           s.variance = wrong;
         });
       }},
      {"momentum_swapped", "momentum weighs the old running statistics",
       [](const Problem& p, const Inputs& in) -> Evaluation {
         Problem swapped = p;
         const BatchNorm op(p);
         if (!op.updates()) return nullptr;
         swapped.parameters.set_real("momentum", 1 - op.factor);
         return counted(swapped, in, op.batches_after());
       }},
      {"momentum_none_as_default", "momentum None taken for 0.1",
       [](const Problem& p, const Inputs& in) -> Evaluation {
         Problem defaulted = p;
         const BatchNorm op(p);
         if (!op.updates() || !p.parameters.is_none("momentum")) return nullptr;
         defaulted.parameters.set_real("momentum", 0.1);
         return counted(defaulted, in, op.batches_after());
       }},
      {"running_not_updated", "training leaves the running statistics as they were",
       [](const Problem& p, const Inputs& in) -> Evaluation {
         Problem frozen = p;
         const BatchNorm op(p);
         if (!op.updates()) return nullptr;
         frozen.parameters.set_real("momentum", 0);
         return counted(frozen, in, op.batches_after());
       }},
      {"counter_not_incremented", "num_batches_tracked stays the same in training",
       [](const Problem& p, const Inputs& in) -> Evaluation {
         const BatchNorm op(p);
         return op.updates() ? counted(p, in, op.batches_before) : nullptr;
       }},
      {"counter_in_evaluation", "num_batches_tracked is incremented in evaluation",
       [](const Problem& p, const Inputs& in) -> Evaluation {
         const BatchNorm op(p);
         return op.tracked && !op.training ? counted(p, in, op.batches_before + 1) : nullptr;
       }},
      {"wrong_axis", "statistics of an image instead of a channel",
       [](const Problem& p, const Inputs& in) -> Evaluation {
         const BatchNorm op(p);
         return has_batch(op) ? grouped(p, in, by_image(op)) : nullptr;
       }},
      {"one_image_less", "statistics without the last image",
       [](const Problem& p, const Inputs& in) -> Evaluation {
         const BatchNorm op(p);
         return has_batch(op) && op.images > 1 ? grouped(p, in, by_channel(op, op.images - 1)) : nullptr;
       }},
      {"evaluation_from_batch", "evaluation normalises with the statistics of the batch",
       [](const Problem& p, const Inputs& in) -> Evaluation {
         const BatchNorm op(p);
         if (op.from_batch() || op.count() == 0) return nullptr;
         return changed(p, in, [op, &in](ChannelAnswer& s, std::int64_t c) {
           const auto m = moments<double>(op.count(), [&](std::int64_t i) { return in[0][op.index(c, i)]; });
           s.mean = m.mean;
           s.variance = m.variance;
         });
       }},
  };
}

Evaluation wrong_backward(const Problem& p, const Inputs& in, BackwardFault fault) {
  return std::make_unique<WrongBackward>(p, in, std::move(fault));
}

std::vector<Fault> backward_faults() {
  return {
      {"without_mean_terms", "d_x of training as if mean and variance were constants",
       [](const Problem& p, const Inputs& in) -> Evaluation {
         const BatchNorm op(p);
         if (!has_batch(op)) return nullptr;
         return wrong_backward(p, in, {.grouping = by_channel(op, op.images), .mean_terms = false, .eps = op.eps});
       }},
      {"evaluation_with_mean_terms", "d_x of evaluation as if the statistics were those of the batch",
       [](const Problem& p, const Inputs& in) -> Evaluation {
         const BatchNorm op(p);
         if (op.from_batch() || op.count() == 0) return nullptr;
         return wrong_backward(p, in, {.grouping = by_channel(op, op.images), .mean_terms = true, .eps = op.eps});
       }},
      {"uncentered_weight_gradient", "x not centred where it meets g_y",
       [](const Problem& p, const Inputs& in) -> Evaluation {
         const BatchNorm op(p);
         return wrong_backward(
             p, in,
             {.grouping = by_channel(op, op.images), .mean_terms = op.from_batch(), .centered = false, .eps = op.eps});
       }},
      {"one_image_less", "sums without the last image",
       [](const Problem& p, const Inputs& in) -> Evaluation {
         const BatchNorm op(p);
         if (op.images < 2) return nullptr;
         return wrong_backward(
             p, in, {.grouping = by_channel(op, op.images - 1), .mean_terms = op.from_batch(), .eps = op.eps});
       }},
      {"wrong_axis", "sums over an image instead of a channel",
       [](const Problem& p, const Inputs& in) -> Evaluation {
         const BatchNorm op(p);
         if (op.images == 0) return nullptr;
         return wrong_backward(p, in, {.grouping = by_image(op), .mean_terms = op.from_batch(), .eps = op.eps});
       }},
      {"eps_doubled", "eps twice as large (2e-5 for 1e-5) beside the running variance",
       [](const Problem& p, const Inputs& in) -> Evaluation {
         const BatchNorm op(p);
         if (op.from_batch()) return nullptr;
         return wrong_backward(p, in, {.grouping = by_channel(op, op.images), .mean_terms = false, .eps = 2 * op.eps});
       }},
  };
}

}  // namespace

std::vector<Fault> batch_norm_faults(const Problem& problem) {
  return problem.direction == Direction::forward ? forward_faults() : backward_faults();
}

}  // namespace lockstep
