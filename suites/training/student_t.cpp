// SPDX-License-Identifier: Apache-2.0
#include "suites/training/student_t.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

namespace lockstep {

double student_t_within(double t, int degrees_of_freedom) {
  const double angle = std::atan(t / std::sqrt(static_cast<double>(degrees_of_freedom)));
  const double cosine = std::cos(angle), squared = cosine * cosine;
  const bool is_odd = degrees_of_freedom % 2 == 1;
  // Odd: cos + 2/3 cos^3 + (2 4)/(3 5) cos^5 ...; even: 1 + 1/2 cos^2 + (1 3)/(2 4) cos^4 ...; up to cos^(n - 2).
  double term = is_odd ? cosine : 1.0, sum = 0.0;
  for (int power = is_odd ? 1 : 0; power <= degrees_of_freedom - 2; power += 2) {
    sum += term;
    term *= squared * (power + 1) / (power + 2);
  }
  return is_odd ? 2.0 / std::numbers::pi * (angle + std::sin(angle) * sum) : std::sin(angle) * sum;
}

double student_t_bound(double alpha, int degrees_of_freedom) {
  double low = 0.0, high = 1.0;
  while (student_t_within(high, degrees_of_freedom) < 1.0 - alpha) high *= 2.0;
  for (int i = 0; i < 80; ++i) {
    const double middle = (low + high) / 2;
    (student_t_within(middle, degrees_of_freedom) < 1.0 - alpha ? low : high) = middle;
  }
  return high;
}

MeanInterval mean_interval(const std::vector<double>& samples, double alpha) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  if (samples.empty()) return {nan, nan, nan};
  const auto n = static_cast<double>(samples.size());
  const double mean = std::accumulate(samples.begin(), samples.end(), 0.0) / n;
  if (samples.size() < 2) return {mean, nan, nan};
  double squares = 0.0;
  for (const double sample : samples) squares += (sample - mean) * (sample - mean);
  const double half = student_t_bound(alpha, static_cast<int>(samples.size()) - 1) * std::sqrt(squares / (n - 1) / n);
  return {mean, mean - half, mean + half};
}

}  // namespace lockstep
