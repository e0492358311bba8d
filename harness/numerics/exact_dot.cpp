// SPDX-License-Identifier: Apache-2.0
#include "harness/numerics/exact_dot.hpp"

#include <array>
#include <cmath>

#ifdef __FAST_MATH__
#error "numerics must not be compiled with fast-math: NaN comparisons would be removed"
#endif

// -O2 leaves loops over lanes scalar; the lanes are written out because reassociation is never allowed here.
#define LOCKSTEP_VECTOR_LOOPS __attribute__((optimize("O3")))

namespace lockstep {
namespace {

constexpr std::int64_t kLanes = kReferencePartialSums;

template <class T>
using Lanes = std::array<T, kLanes>;

/// The tree in which sum() combines its partial sums.
template <class T>
T combined(const Lanes<T>& p) {
  return ((p[0] + p[1]) + (p[2] + p[3])) + ((p[4] + p[5]) + (p[6] + p[7]));
}

template <class T>
LOCKSTEP_VECTOR_LOOPS inline T lane_dot(const float* a, const float* b, std::int64_t n) {
  Lanes<T> partial{};
  std::int64_t k = 0;
  for (; k + kLanes <= n; k += kLanes)
    for (std::int64_t lane = 0; lane < kLanes; ++lane)
      partial[static_cast<std::size_t>(lane)] += static_cast<T>(a[k + lane]) * static_cast<T>(b[k + lane]);
  for (; k < n; ++k) partial[static_cast<std::size_t>(k % kLanes)] += static_cast<T>(a[k]) * static_cast<T>(b[k]);
  return combined(partial);
}

}  // namespace

LOCKSTEP_VECTOR_LOOPS SumStatistics exact_products(const float* a, const float* b, std::int64_t n) {
  if (n < PartialSums::kShort)
    return statistics_of(
        n, [=](std::int64_t k) { return Tracked(static_cast<double>(a[k]) * static_cast<double>(b[k])); });
  Lanes<double> value{}, magnitude{}, squares{};
  PartialSums passed;
  std::int64_t k = 0;
  for (; k + kLanes <= n; k += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      const auto slot = static_cast<std::size_t>(lane);
      const double product = static_cast<double>(a[k + lane]) * static_cast<double>(b[k + lane]);
      value[slot] += product;
      magnitude[slot] += std::abs(product);
      squares[slot] += product * product;
    }
    passed.pass(combined(value), static_cast<double>(kLanes));
  }
  for (; k < n; ++k) {
    const auto slot = static_cast<std::size_t>(k % kLanes);
    const double product = static_cast<double>(a[k]) * static_cast<double>(b[k]);
    value[slot] += product;
    magnitude[slot] += std::abs(product);
    squares[slot] += product * product;
  }
  passed.pass(combined(value), static_cast<double>(n % kLanes));
  return {.terms = static_cast<double>(n),
          .value = combined(value),
          .magnitude = combined(magnitude),
          .squares = combined(squares),
          .passed = passed};
}

float float_dot(const float* a, const float* b, std::int64_t n) { return lane_dot<float>(a, b, n); }
double double_dot(const float* a, const float* b, std::int64_t n) { return lane_dot<double>(a, b, n); }

}  // namespace lockstep
