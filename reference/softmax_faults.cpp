// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <vector>

#include "reference/softmax.hpp"
#include "reference/softmax_formula.hpp"

namespace lockstep {
namespace {

/// What a wrong kernel uses for one group in place of its maximum, sum and dot product, and its exponential.
struct WrongSteps {
  std::function<double(const Softmax&, const Values& x, std::int64_t group)> total;
  /// exp(x - maximum) and its like.
  std::function<double(double x, double maximum)> exponential = [](double x, double maximum) {
    return std::exp(x - maximum);
  };
  /// What is subtracted from g_y in the backward, where not the dot product of y and g_y.
  std::function<double(const Softmax&, const Values& y, const Values& g, std::int64_t group)> product =
      [](const Softmax& op, const Values& y, const Values& g, std::int64_t group) {
        return sum<double>(op.length, [&](std::int64_t k) {
          const std::int64_t i = op.index_of(group, k);
          return y[i] * g[i];
        });
      };
};

double maximum_of(const Softmax& op, const Values& x, std::int64_t group) {
  double maximum = -std::numeric_limits<double>::infinity();
  for (std::int64_t k = 0; k < op.length; ++k) maximum = std::max(maximum, x[op.index_of(group, k)]);
  return maximum;
}

double total_of(const Softmax& op, const Values& x, std::int64_t group, std::int64_t terms) {
  const double maximum = maximum_of(op, x, group);
  return sum<double>(terms, [&](std::int64_t k) { return std::exp(x[op.index_of(group, k)] - maximum); });
}

/// Softmax with some steps replaced. Groups are computed when first asked for, since a sample asks for few.
class WrongSoftmax final : public Evaluator<double> {
 public:
  WrongSoftmax(const Problem& problem, const std::vector<Values>& in, WrongSteps steps)
      : op_(problem),
        backward_(problem.direction == Direction::backward),
        x_(in[0]),
        g_(in.back()),
        steps_(std::move(steps)),
        y_(DType::f64, op_.shape),
        products_(op_.groups()) {}

  double element(std::size_t, std::int64_t index) const override {
    const std::int64_t group = op_.group_of(index);
    const double product = products_.at(group, [this](std::int64_t g) { return compute_group(g); });
    return backward_ ? y_[index] * (g_[index] - product) : y_[index];
  }

 private:
  /// Fills in the group's part of y and returns what the backward subtracts.
  double compute_group(std::int64_t group) const {
    const double maximum = maximum_of(op_, x_, group), total = steps_.total(op_, x_, group);
    for (std::int64_t k = 0; k < op_.length; ++k) {
      const std::int64_t i = op_.index_of(group, k);
      y_.set(i, steps_.exponential(x_[i], maximum) / total);
    }
    return backward_ ? steps_.product(op_, y_, g_, group) : 0.0;
  }

  Softmax op_;
  bool backward_;
  const Values& x_;
  const Values& g_;
  WrongSteps steps_;
  mutable Values y_;
  LazyGroups<double> products_;
};

double right_total(const Softmax& op, const Values& x, std::int64_t group) { return total_of(op, x, group, op.length); }

std::unique_ptr<Evaluator<double>> wrong(const Problem& p, const std::vector<Values>& in, WrongSteps steps) {
  return std::make_unique<WrongSoftmax>(p, in, std::move(steps));
}

using Answer = std::unique_ptr<Evaluator<double>>;

// Float on purpose: in double the exponential of what float32 can hold would hardly ever overflow.
Answer without_shift(const Problem& p, const std::vector<Values>& in) {
  return wrong(p, in,
               {.total = [](const Softmax& op, const Values& x, std::int64_t group) -> double {
                  return sum<float>(op.length, [&](std::int64_t k) {
                    return std::exp(static_cast<float>(x[op.index_of(group, k)]));
                  });
                },
                .exponential = [](double x, double) -> double { return std::exp(static_cast<float>(x)); }});
}

Answer over_the_next_axis(const Problem& p, const std::vector<Values>& in) {
  const Softmax op(p);
  const auto rank = static_cast<std::int64_t>(op.shape.size());
  if (rank < 2) return nullptr;
  Problem changed = p;
  changed.parameters.set_integer("dim", (op.dim + 1) % rank);
  return evaluate_as<SoftmaxForward, SoftmaxBackward>(changed, in);
}

Answer one_short(const Problem& p, const std::vector<Values>& in) {
  if (Softmax(p).length < 2) return nullptr;
  return wrong(p, in, {.total = [](const Softmax& op, const Values& x, std::int64_t group) {
                 return total_of(op, x, group, op.length - 1);
               }});
}

Answer neighbours_sum(const Problem& p, const std::vector<Values>& in) {
  if (Softmax(p).groups() < 2) return nullptr;
  return wrong(p, in, {.total = [](const Softmax& op, const Values& x, std::int64_t group) {
                 return right_total(op, x, (group + 1) % op.groups());
               }});
}

Answer padding_counted(const Problem& p, const std::vector<Values>& in) {
  if (Softmax(p).length % 32 == 0) return nullptr;
  return wrong(p, in, {.total = [](const Softmax& op, const Values& x, std::int64_t group) {
                 const auto padding = static_cast<double>(32 - op.length % 32);
                 return right_total(op, x, group) + padding * std::exp(-maximum_of(op, x, group));
               }});
}

Answer base_two(const Problem& p, const std::vector<Values>& in) {
  return wrong(p, in,
               {.total =
                    [](const Softmax& op, const Values& x, std::int64_t group) {
                      const double maximum = maximum_of(op, x, group);
                      return sum<double>(op.length,
                                         [&](std::int64_t k) { return std::exp2(x[op.index_of(group, k)] - maximum); });
                    },
                .exponential = [](double x, double maximum) { return std::exp2(x - maximum); }});
}

Answer without_product(const Problem& p, const std::vector<Values>& in) {
  if (p.direction == Direction::forward) return nullptr;
  return wrong(p, in, {.total = right_total, .product = [](const Softmax&, const Values&, const Values&, std::int64_t) {
                         return 0.0;
                       }});
}

Answer unweighted_product(const Problem& p, const std::vector<Values>& in) {
  if (p.direction == Direction::forward) return nullptr;
  return wrong(
      p, in,
      {.total = right_total, .product = [](const Softmax& op, const Values&, const Values& g, std::int64_t group) {
         return sum<double>(op.length, [&](std::int64_t k) { return g[op.index_of(group, k)]; }) /
                static_cast<double>(op.length);
       }});
}

}  // namespace

std::vector<Fault> softmax_faults() {
  return {
      {"no_shift", "exponentials in float without subtracting the maximum", without_shift},
      {"wrong_axis", "softmax over the next axis", over_the_next_axis},
      {"sum_one_short", "the sum leaves out the group's last element", one_short},
      {"neighbours_sum", "divided by the sum of the neighbouring group", neighbours_sum},
      {"padding_counted", "zeros that pad the group to a multiple of 32 count in the sum", padding_counted},
      {"base_two", "2^x in place of e^x", base_two},
      {"product_dropped", "the backward leaves out the dot product of y and g_y", without_product},
      {"product_unweighted", "the backward subtracts the mean of g_y, not its mean weighted by y", unweighted_product},
  };
}

}  // namespace lockstep
