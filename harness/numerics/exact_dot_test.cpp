// SPDX-License-Identifier: Apache-2.0
#include "harness/numerics/exact_dot.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "harness/data/fill.hpp"

namespace lockstep {
namespace {

// Around the number of lanes, and a length with a tail.
constexpr std::int64_t kLengths[] = {0, 1, 7, 8, 9, 16, 129};

Values drawn(DType dtype, Shape shape, std::uint64_t seed) {
  Values values(dtype, std::move(shape));
  fill_values(values, Fill::normal, {}, seed);
  return values;
}

template <class T>
T term_by_term(const Operand<T>& a, const Operand<T>& b, std::int64_t n) {
  return dot<T>(
      n, [&](std::int64_t k) { return a[k]; }, [&](std::int64_t k) { return b[k]; });
}

template <class T>
T by_lines(const Operand<T>& a, const Operand<T>& b, std::int64_t n) {
  return dot(Lines<T>(a, 1, n, LineAxis::rows), 0, Lines<T>(b, n, 1, LineAxis::columns), 0);
}

TEST(ExactDot, GivesTheBitsOfTheGenericPath) {
  for (const DType dtype : {DType::f32, DType::f64})
    for (const std::int64_t n : kLengths) {
      const Values a = drawn(dtype, {1, n}, 1), b = drawn(dtype, {n, 1}, 2);
      const Operand<float> fa(a), fb(b);
      EXPECT_EQ(by_lines(fa, fb, n), term_by_term(fa, fb, n)) << n;
      const Operand<double> da(a), db(b);
      EXPECT_EQ(by_lines(da, db, n), term_by_term(da, db, n)) << n;
    }
}

TEST(ExactDot, GivesTheErrorsOfTheGenericPath) {
  for (const std::int64_t lanes : {1, 32}) {
    const ContractScope scope({.partial_sums = lanes});
    for (const std::int64_t n : kLengths) {
      const Values a = drawn(DType::f32, {1, n}, 3), b = drawn(DType::f32, {n, 1}, 4);
      const Operand<Tracked> ta(a), tb(b);
      const Tracked fast = by_lines(ta, tb, n), slow = term_by_term(ta, tb, n);
      EXPECT_NEAR(fast.value, slow.value, 1e-14 * static_cast<double>(n)) << n;
      EXPECT_NEAR(fast.bound, slow.bound, 1e-13 * slow.bound) << n;
      EXPECT_NEAR(fast.spread, slow.spread, 1e-13 * slow.spread) << n;
      EXPECT_EQ(fast.common, slow.common);
      EXPECT_EQ(fast.bound > 0.0, n > 0) << n;
    }
  }
}

TEST(ExactDot, KeepsDerivatives) {
  const Values a = drawn(DType::f64, {1, 5}, 5), b = drawn(DType::f64, {5, 1}, 6),
               tangents = drawn(DType::f64, {1, 5}, 7);
  const Dual<double> product = by_lines(Operand<Dual<double>>(a, &tangents), Operand<Dual<double>>(b), 5);
  EXPECT_DOUBLE_EQ(product.tangent, term_by_term(Operand<double>(tangents), Operand<double>(b), 5));
}

TEST(ExactDot, PassesNanAndInfinityOn) {
  Values a = drawn(DType::f32, {1, 20}, 8);
  const Values b = drawn(DType::f32, {20, 1}, 9);
  a.set(3, std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isinf(by_lines(Operand<Tracked>(a), Operand<Tracked>(b), 20).value));
  a.set(17, std::numeric_limits<double>::quiet_NaN());
  EXPECT_TRUE(std::isnan(by_lines(Operand<Tracked>(a), Operand<Tracked>(b), 20).value));
}

}  // namespace
}  // namespace lockstep
