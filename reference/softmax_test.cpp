// SPDX-License-Identifier: Apache-2.0
#include "reference/softmax.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "harness/data/error.hpp"
#include "harness/plan/case_inputs.hpp"
#include "reference/gradient_check.hpp"
#include "reference/hand_computed.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Softmax, GivesTheSharesOfTheExponentials) {
  const Problem problem = parse_problem("softmax.forward", "x=1x3,dim=_1,dtype=f64");
  const std::vector<Values> inputs{tensor({1, 3}, {0, std::numbers::ln2, std::log(5.0)})};
  const auto y = softmax_operator().in_double(problem, operands_of<double>(inputs));
  EXPECT_NEAR(y->element(0, 0), 1.0 / 8, 1e-15);
  EXPECT_NEAR(y->element(0, 1), 2.0 / 8, 1e-15);
  EXPECT_NEAR(y->element(0, 2), 5.0 / 8, 1e-15);
}

TEST(Softmax, GroupsRunAlongTheGivenAxis) {
  const double ln3 = std::log(3.0);
  const std::vector<Values> inputs{tensor({2, 2}, {0, 0, 0, ln3})};
  const Problem columns = parse_problem("softmax.forward", "x=2x2,dim=0,dtype=f64");
  const auto y = softmax_operator().in_double(columns, operands_of<double>(inputs));
  EXPECT_NEAR(y->element(0, 0), 0.5, 1e-15);
  EXPECT_NEAR(y->element(0, 1), 0.25, 1e-15);
  EXPECT_NEAR(y->element(0, 3), 0.75, 1e-15);
}

TEST(Softmax, ShiftingAGroupChangesNothing) {
  const Problem problem = parse_problem("softmax.forward", "x=2x3,dim=1,dtype=f64");
  const std::vector<Values> inputs{tensor({2, 3}, {1, 2, 4, 1e5 + 1, 1e5 + 2, 1e5 + 4})};
  const auto y = softmax_operator().in_double(problem, operands_of<double>(inputs));
  for (std::int64_t i = 0; i < 3; ++i) EXPECT_EQ(y->element(0, i), y->element(0, i + 3));
}

// As PyTorch: -inf throughout or one +inf spoils the row, some -inf does not.
TEST(Softmax, InfinitiesGiveWhatPyTorchGives) {
  const std::vector<Values> forward{
      tensor({4, 2}, {-kInfinity, -kInfinity, -kInfinity, 1, kInfinity, 1, std::nan(""), 1})};
  const auto y = softmax_operator().in_double(parse_problem("softmax.forward", "x=4x2,dim=1,dtype=f64"),
                                              operands_of<double>(forward));
  for (const std::int64_t i : {0, 1, 4, 5, 6, 7}) EXPECT_TRUE(std::isnan(y->element(0, i))) << i;
  EXPECT_EQ(y->element(0, 2), 0);
  EXPECT_EQ(y->element(0, 3), 1);

  const std::vector<Values> backward{forward[0], tensor({4, 2}, {1, 2, 1, 2, 1, 2, 1, 2})};
  const auto d_x = softmax_operator().in_double(parse_problem("softmax.backward", "x=4x2,dim=1,dtype=f64"),
                                                operands_of<double>(backward));
  for (const std::int64_t i : {0, 1, 4, 5, 6, 7}) EXPECT_TRUE(std::isnan(d_x->element(0, i))) << i;
  EXPECT_EQ(d_x->element(0, 2), 0);
  EXPECT_EQ(d_x->element(0, 3), 0);
}

TEST(Softmax, BackwardIsTheDerivativeOfTheForward) {
  for (const char* label :
       {"x=3x5,dim=_1", "x=4x6,dim=0", "x=2x3x4x5,dim=1", "x=7,dim=0", "x=3x1,dim=1", "x=scalar,dim=_1"}) {
    const Problem problem = parse_problem("softmax.backward", std::string(label) + ",dtype=f64");
    EXPECT_LT(gradient_discrepancy(softmax_operator(), problem, 3), 1e-12) << label;
    EXPECT_LT(second_gradient_discrepancy(softmax_operator(), problem, 4), 1e-12) << label;
  }
}

/// What the closed forms are made of, in double, for one row.
struct Row {
  std::vector<double> p, distance;
  double mean_distance = 0, total = 0;

  Row(const Values& x, std::int64_t first, std::int64_t length) {
    double maximum = -kInfinity;
    for (std::int64_t k = 0; k < length; ++k) maximum = std::max(maximum, x[first + k]);
    for (std::int64_t k = 0; k < length; ++k) {
      distance.push_back(maximum - x[first + k]);
      p.push_back(std::exp(-distance.back()));
      total += p.back();
    }
    for (double& share : p) share /= total;
    for (std::size_t k = 0; k < p.size(); ++k) mean_distance += p[k] * distance[k];
  }
  /// Relative error of p[k] in units of u: d + D + h + 11, with h the depth of the sum.
  double units(std::size_t k, double depth) const { return distance[k] + mean_distance + depth + 11; }
};

// Blanchard, Higham and Higham 2021: the error is p u (d + D + h + 11), where 11 = two exponentials of 5 and a division,
// and where exponential and quotient underflow half a smallest subnormal each.
TEST(Softmax, ForwardBoundIsTheClosedForm) {
  for (const std::int64_t partial_sums : {1, 32}) {
    const PrecisionContract contract{.partial_sums = partial_sums};
    const ContractScope scope(contract);
    for (const char* fill : {"normal", "adversarial"}) {
      const Problem problem = parse_problem("softmax.forward", std::string("x=4x300,dim=1,dtype=f32,fill=") + fill);
      const Signature signature = softmax_operator().signature(problem);
      const std::vector<Values> inputs = draw_inputs(softmax_operator(), problem, signature, 11);
      const auto y = softmax_operator().tracked(problem, operands_of<Tracked>(inputs));
      for (std::int64_t r = 0; r < 4; ++r) {
        const Row row(inputs[0], 300 * r, 300);
        for (std::size_t k = 0; k < 300; ++k) {
          const double underflow = row.p[k] < 0x1p-100 ? 0x1p-150 * (1 + 1 / row.total) : 0;
          const double closed = row.p[k] * 0x1p-24 * row.units(k, contract.depth(300)) + underflow;
          const Tracked got = y->element(0, 300 * r + static_cast<std::int64_t>(k));
          EXPECT_NEAR(got.bound / closed, 1, 1e-3) << r << ' ' << k;
          EXPECT_LT(got.rms(), got.bound);
        }
      }
    }
  }
}

// With y given, p (gamma_{h+1} sum |p g| + u |g - c|) + u |d_x|; y recomputed adds its own relative error to d_x and to
// every term of c.
TEST(Softmax, BackwardBoundIsTheClosedForm) {
  const PrecisionContract contract{.partial_sums = 32};
  const ContractScope scope(contract);
  const Problem problem = parse_problem("softmax.backward", "x=4x300,dim=1,dtype=f32");
  const std::vector<Values> inputs =
      draw_inputs(softmax_operator(), problem, softmax_operator().signature(problem), 12);
  const auto d_x = softmax_operator().tracked(problem, operands_of<Tracked>(inputs));
  const double u = 0x1p-24, depth = contract.depth(300);
  for (std::int64_t r = 0; r < 4; ++r) {
    const Row row(inputs[0], 300 * r, 300);
    const auto g = [&](std::size_t k) { return inputs[1][300 * r + static_cast<std::int64_t>(k)]; };
    double product = 0, product_error = 0;
    for (std::size_t k = 0; k < 300; ++k) {
      product += row.p[k] * g(k);
      product_error += u * row.p[k] * std::abs(g(k)) * (row.units(k, depth) + depth + 1);
    }
    for (std::size_t k = 0; k < 300; ++k) {
      const double difference = std::abs(g(k) - product);
      const double closed =
          row.p[k] * (product_error + u * difference) + u * row.p[k] * difference * (row.units(k, depth) + 1);
      const Tracked got = d_x->element(0, 300 * r + static_cast<std::int64_t>(k));
      EXPECT_NEAR(got.bound / closed, 1, 1e-3) << r << ' ' << k;
    }
  }
}

TEST(Softmax, RefusesAsPyTorchDoes) {
  const auto refusal = [](const char* label) { return refusal_of<Softmax>(parse_problem("softmax.forward", label)); };
  EXPECT_EQ(refusal("x=3x4,dim=2"), "Dimension out of range (expected to be in range of [-2, 1], but got 2)");
  EXPECT_EQ(refusal("x=3x4,dim=_3"), "Dimension out of range (expected to be in range of [-2, 1], but got -3)");
  EXPECT_EQ(refusal("x=scalar,dim=1"), "Dimension out of range (expected to be in range of [-1, 0], but got 1)");
  EXPECT_EQ(refusal("x=scalar,dim=0"), "accepted");
  EXPECT_EQ(refusal("x=0x4,dim=1"), "accepted");
  EXPECT_THROW(Softmax{parse_problem("softmax.forward", "x=3x4")}, Error);
}

/// Element of the fault's answer on rows with little in common.
double faulty(const char* fault, const char* operation, const char* label, const std::vector<Values>& inputs,
              std::int64_t index) {
  const Problem problem = parse_problem(operation, label);
  for (const Fault& candidate : softmax_faults())
    if (candidate.id == fault) return candidate.wrong(problem, inputs)->element(0, index);
  throw Error("no such fault");
}

TEST(Softmax, FaultsGiveTheWrongAnswersTheyDescribe) {
  const std::vector<Values> x{tensor({2, 4}, {0, 0, 0, 0, 200, 200, 200, 201})};
  const char* const label = "x=2x4,dim=1,dtype=f64";
  EXPECT_NEAR(faulty("sum_one_short", "softmax.forward", label, x, 0), 1.0 / 3, 1e-15);
  EXPECT_NEAR(faulty("padding_counted", "softmax.forward", label, x, 0), 1.0 / 32, 1e-15);
  EXPECT_NEAR(faulty("neighbours_sum", "softmax.forward", label, x, 7), 1.0 / 4, 1e-15);
  EXPECT_NEAR(faulty("wrong_axis", "softmax.forward", label, x, 4), 1, 1e-15);
  EXPECT_NEAR(faulty("base_two", "softmax.forward", label, x, 7), 1 / 2.5, 1e-15);
  EXPECT_EQ(faulty("no_shift", "softmax.forward", label, x, 0), 0.25);
  EXPECT_TRUE(std::isnan(faulty("no_shift", "softmax.forward", label, x, 4)));  // e^200 overflows float
  const std::vector<Values> with_gradient{x[0], tensor({2, 4}, {4, 0, 0, 0, 1, 1, 1, 1})};
  EXPECT_EQ(faulty("product_dropped", "softmax.backward", label, with_gradient, 0), 1);
  EXPECT_EQ(faulty("product_dropped", "softmax.backward", label, with_gradient, 1), 0);
  EXPECT_EQ(faulty("product_unweighted", "softmax.backward", label, with_gradient, 1), -0.25);
}

}  // namespace
}  // namespace lockstep
