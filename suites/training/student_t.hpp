// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace lockstep {

/// P(|T| <= t) for Student's t with n >= 1 degrees of freedom (Abramowitz and Stegun, 26.7.3 and 26.7.4).
double student_t_within(double t, int degrees_of_freedom);

/// The t with P(|T| <= t) = 1 - alpha; alpha in (0, 1).
double student_t_bound(double alpha, int degrees_of_freedom);

/// Where the mean lies with a chance of 1 - alpha, for samples that are independent and about normal.
struct MeanInterval {
  double mean = 0, low = 0, high = 0;
};

/// Low and high are NaN for fewer than two samples, the mean too for none.
MeanInterval mean_interval(const std::vector<double>& samples, double alpha);

}  // namespace lockstep
