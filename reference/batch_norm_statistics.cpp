// SPDX-License-Identifier: Apache-2.0
#include "reference/batch_norm_statistics.hpp"

#include "harness/data/error.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/channel_moments.hpp"
#include "reference/operators.hpp"
#include "reference/value_count.hpp"

namespace lockstep {

BatchNormStatistics::BatchNormStatistics(const Problem& problem) : planes(problem.shape("x")) {
  if (planes.count() >= ValueCount::kLimit)
    throw Refused("x holds " + std::to_string(planes.count()) + " values per channel; accepted: less than 2^48");
}

namespace {

using Evaluation = std::unique_ptr<Evaluator<double>>;
using Inputs = std::vector<Values>;

template <class T>
struct Spread {
  T mean{}, m2{};
};

template <class T>
Spread<T> spread(const ChannelPlanes& planes, const Operand<T>& x, std::int64_t channel) {
  const std::int64_t n = planes.count();
  if (n == 0) return {};
  ChannelWalk walk(planes.channels, planes.plane, channel);
  const T mean = sum<T>(n, [&](std::int64_t i) { return x[walk(i)]; }) / T(static_cast<double>(n));
  return {mean, sum<T>(n, [&](std::int64_t i) {
            const T deviation = x[walk(i)] - mean;
            return deviation * deviation;
          })};
}

/// The variance has a bound in closed form, which is the tighter one; the division that it contains is taken back.
template <class T>
requires std::same_as<T, Tracked> Spread<T> spread(const ChannelPlanes& planes, const Operand<T>& x,
                                                   std::int64_t channel) {
  const std::int64_t n = planes.count();
  if (n == 0) return {};
  const Moments<T> m = channel_moments(planes, x, channel);
  return {m.mean, m.variance * T(static_cast<double>(n))};
}

/// Outputs: mean, m2, count.
template <class T>
class Forward {
 public:
  Forward(const Problem& problem, const Operands<T>& in)
      : planes_(BatchNormStatistics(problem).planes), x_(in[0]), channels_(planes_.channels) {}

  T element(std::size_t output, std::int64_t index) const {
    if (output == 2) return T(ValueCount{planes_.count()}.digit(index));
    const Spread<T>& s = channels_.at(index, [this](std::int64_t c) { return spread(planes_, x_, c); });
    return output == 0 ? s.mean : s.m2;
  }

 private:
  ChannelPlanes planes_;
  Operand<T> x_;
  LazyGroups<Spread<T>> channels_;
};

/// Wrong statistics of every channel, and a wrong count.
Evaluation wrong(const ChannelPlanes& planes, const std::function<Spread<double>(std::int64_t channel)>& answer,
                 std::int64_t count) {
  std::vector<Spread<double>> answers;
  for (std::int64_t c = 0; c < planes.channels; ++c) answers.push_back(answer(c));
  return std::make_unique<WrongAnswer>([answers, count](std::size_t output, std::int64_t index) {
    if (output == 2) return ValueCount{count}.digit(index);
    const Spread<double>& s = answers[static_cast<std::size_t>(index)];
    return output == 0 ? s.mean : s.m2;
  });
}

/// Of a channel's values in float: m2 as sum x^2 - n mean^2.
double one_pass_m2(const ChannelPlanes& planes, const Values& x, std::int64_t channel) {
  float total = 0, squares = 0;
  const auto n = static_cast<float>(planes.count());
  for (std::int64_t i = 0; i < planes.count(); ++i) {
    const auto value = static_cast<float>(x[planes.index(channel, i)]);
    total += value;
    squares += value * value;
  }
  return static_cast<double>(squares - total * (total / n));
}

std::vector<Fault> all_faults() {
  const auto on_values = [](auto make) {
    return [make](const Problem& p, const Inputs& in) -> Evaluation {
      const ChannelPlanes planes = BatchNormStatistics(p).planes;
      return planes.count() == 0 ? nullptr : make(planes, in[0]);
    };
  };
  const auto right = [](const ChannelPlanes& planes, const Values& x) {
    return [&planes, x = Operand<double>(x)](std::int64_t c) { return spread(planes, x, c); };
  };
  return {
      {"sums_of_squares", "m2 as sum x^2 - n mean^2 in float", on_values([right](const auto& planes, const Values& x) {
         return wrong(
             planes,
             [&](std::int64_t c) {
               return Spread<double>{right(planes, x)(c).mean, one_pass_m2(planes, x, c)};
             },
             planes.count());
       })},
      {"variance_for_m2", "squared deviations divided by the count",
       on_values([right](const auto& planes, const Values& x) {
         return wrong(
             planes,
             [&](std::int64_t c) {
               const Spread<double> s = right(planes, x)(c);
               return Spread<double>{s.mean, s.m2 / static_cast<double>(planes.count())};
             },
             planes.count());
       })},
      {"uncentered", "squares of x itself", on_values([right](const auto& planes, const Values& x) {
         return wrong(
             planes,
             [&](std::int64_t c) {
               const Spread<double> s = right(planes, x)(c);
               return Spread<double>{s.mean, s.m2 + static_cast<double>(planes.count()) * s.mean * s.mean};
             },
             planes.count());
       })},
      {"one_image_less", "statistics without the last image, the count with it",
       on_values([right](const ChannelPlanes& planes, const Values& x) -> Evaluation {
         if (planes.images < 2) return nullptr;
         ChannelPlanes fewer = planes;
         --fewer.images;
         return wrong(fewer, right(fewer, x), planes.count());
       })},
      {"wrong_axis", "statistics of an image instead of a channel",
       on_values([right](const ChannelPlanes& planes, const Values& x) {
         ChannelPlanes images = planes;  // of the axes [images, channels, plane] the first two change places
         images.images = 1;
         images.channels = planes.images;
         images.plane = planes.channels * planes.plane;
         return wrong(
             planes, [&](std::int64_t c) { return right(images, x)(c % planes.images); }, planes.count());
       })},
      {"count_of_all_channels", "the count of all values of x", on_values([right](const auto& planes, const Values& x) {
         return wrong(planes, right(planes, x), planes.count() * planes.channels);
       })},
  };
}

class BatchNormStatisticsOperator final : public FormulaOperator<Forward> {
 public:
  std::string_view name() const override { return "batch_norm_statistics"; }

  Signature signature(const Problem& problem) const override {
    const ChannelPlanes planes = BatchNormStatistics(problem).planes;
    const DType dtype = problem.dtype, per_channel = dtype == DType::f64 ? DType::f64 : DType::f32;
    Signature s;
    s.inputs.push_back(
        {"x", Role::input, dtype, planes.shape, {.moves_with_offset = true, .takes_special = true}, true});
    s.outputs.push_back({"mean", Role::output, per_channel, {planes.channels}, {}});
    s.outputs.push_back({"m2", Role::output, per_channel, {planes.channels}, {}});
    s.outputs.push_back({"count", Role::output, per_channel, {ValueCount::kDigits}, {}, false, true});
    return s;
  }

  /// Operations per value: an addition for the mean; difference, product and addition for m2. Bytes: x once.
  Cost cost(const Problem& problem) const override {
    const ChannelPlanes planes = BatchNormStatistics(problem).planes;
    const double n = static_cast<double>(element_count(planes.shape));
    const double per_channel = static_cast<double>(2 * planes.channels + ValueCount::kDigits) *
                               static_cast<double>(problem.dtype == DType::f64 ? sizeof(double) : sizeof(float));
    return {4 * n, n * static_cast<double>(size_in_bytes(problem.dtype)) + per_channel};
  }

  std::vector<Fault> faults(const Problem&) const override { return all_faults(); }

  std::vector<Fill> fills() const override {
    return {Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special};
  }
};

}  // namespace

const Operator& batch_norm_statistics_operator() {
  static const BatchNormStatisticsOperator instance;
  return instance;
}

}  // namespace lockstep
