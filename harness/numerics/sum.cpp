// SPDX-License-Identifier: Apache-2.0
#include "harness/numerics/sum.hpp"

#include <algorithm>

#ifdef __FAST_MATH__
#error "numerics must not be compiled with fast-math: NaN comparisons would be removed"
#endif

namespace lockstep {
namespace {

/// gamma_k = k u / (1 - k u); without the denominator's pole, where the bound is vacuous anyway.
double gamma(double k, double u) { return k * u / std::max(1.0 - k * u, 0.5); }

/// Variance of the rounding errors of adding n terms of mean mu and mean square m2 in P partial sums and a tree:
/// (c u)^2 [ n m2 (m/2 + L) + mu^2 n^2 (m/(3P) + 2 (1 - 1/P)) ], m = n/P, L = log2 P; that is (c u)^2 times the sum of
/// the squared partial sums, in the mean over all orders. A walk of random terms strays: the integral of its square has a
/// standard deviation of 2 / sqrt(3) of its mean (that of Brownian motion's is sqrt(1/3), its mean 1/2), and P walks
/// 2 / sqrt(3 P) together, which is added. One chain at least (c u)^2 sum S_k^2 of the order of the terms, and of its
/// reverse, whose partial sums are S_n - S_k.
double spread_of_additions(const SumStatistics& s, const PrecisionContract& contract) {
  const double n = s.terms, lanes = std::min<double>(static_cast<double>(contract.partial_sums), n);
  const double chain = n / lanes, levels = std::log2(lanes), mean = s.value / n;
  const double typical = kRoundingRms * contract.roundoff();
  const double strayed = lanes > 1 ? 2 / std::sqrt(3 * lanes) : 0;
  double squares = s.squares * (chain / 2 * (1 + strayed) + levels) +
                   mean * mean * n * n * (chain / (3 * lanes) + 2 * (1 - 1 / lanes));
  if (lanes <= 1) {
    const PartialSums& p = s.passed;
    const double backwards = p.terms * s.value * s.value - 2 * s.value * p.sum + p.squares;
    squares = std::max({squares, p.squares, backwards});
  }
  return typical * typical * squares;
}

}  // namespace

Tracked tracked_sum(const SumStatistics& s, double extra_roundings) {
  const PrecisionContract& contract = current_contract();
  const double u = contract.roundoff();
  if (s.terms <= 0) return {};
  double bound = s.bound + gamma(contract.depth(s.terms) + extra_roundings, u) * (s.magnitude + s.bound);
  double spread = s.spread, common = s.common;
  if (extra_roundings > 0) {  // a dot product: matrix units and operand conversion apply here
    bound += contract.truncation_per_term * s.terms * 0x1p-24 * s.magnitude;
    bound += (2 * contract.operand_roundoff + contract.operand_roundoff * contract.operand_roundoff) * s.magnitude;
    const double product = kRoundingRms * (u * extra_roundings + 2 * contract.operand_roundoff);
    spread += product * product * s.squares;
  }
  if (s.terms > 1) spread += spread_of_additions(s, contract);
  return {s.value, bound, spread, common};
}

}  // namespace lockstep
