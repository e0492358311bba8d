// SPDX-License-Identifier: Apache-2.0
#include "reference/adam_faults.hpp"

#include <algorithm>
#include <cmath>

#include "harness/plan/formula_operator.hpp"
#include "reference/adam.hpp"

namespace lockstep {
namespace {

/// The step with the ways in which implementations are known to go wrong.
struct WrongStep {
  bool forgets_decay = false, decays_the_other_way = false, decays_without_rate = false, decays_before_negation = false;
  bool forgets_maximize = false, forgets_first_correction = false, forgets_second_correction = false;
  bool counts_one_ahead = false, eps_in_root = false, eps_before_correction = false;
  bool forgets_maximum = false, maximum_not_kept = false, moves_by_old_average = false;
  bool rest_in_float = false, correction_in_float = false, gradient_not_squared = false;
};

double one_minus(double beta, bool in_float) {
  return in_float ? static_cast<double>(1.0f - static_cast<float>(beta)) : 1 - beta;
}

double correction(double beta, double step, bool in_float) {
  if (!in_float) return 1 - std::pow(beta, step);
  return static_cast<double>(1.0f - std::pow(static_cast<float>(beta), static_cast<float>(step)));
}

double wrong_element(const Adam& op, const WrongStep& wrong, const std::vector<Values>& in, std::size_t output,
                     std::int64_t i) {
  double p = in[0][i], g = in[1][i];
  const double decay = wrong.forgets_decay ? 0 : op.weight_decay;
  const bool negated = op.maximize && !wrong.forgets_maximize;
  if (op.decoupled_weight_decay != wrong.decays_the_other_way) {
    if (negated) g = -g;
    p *= 1 - (wrong.decays_without_rate ? 1 : op.lr) * decay;
  } else {
    if (wrong.decays_before_negation) g += decay * p;
    if (negated) g = -g;
    if (!wrong.decays_before_negation) g += decay * p;
  }
  const double first = op.beta1 * in[2][i] + one_minus(op.beta1, wrong.rest_in_float) * g;
  if (output == 1) return first;
  const double square = wrong.gradient_not_squared ? std::abs(g) : g * g;
  const double second = op.beta2 * in[3][i] + one_minus(op.beta2, wrong.rest_in_float) * square;
  if (output == 2) return second;
  const double largest = op.amsgrad && !wrong.forgets_maximum ? std::max(second, in[4][i]) : second;
  if (output == 3) return wrong.maximum_not_kept ? in[4][i] : largest;

  const double step = static_cast<double>(op.step) + (wrong.counts_one_ahead ? 1 : 0);
  const double of_first = wrong.forgets_first_correction ? 1 : correction(op.beta1, step, wrong.correction_in_float);
  const double of_second = wrong.forgets_second_correction ? 1 : correction(op.beta2, step, wrong.correction_in_float);
  double divisor = std::sqrt(largest / of_second) + op.eps;
  if (wrong.eps_in_root) divisor = std::sqrt(largest / of_second + op.eps);
  if (wrong.eps_before_correction) divisor = (std::sqrt(largest) + op.eps) / std::sqrt(of_second);
  return p - op.lr / of_first * (wrong.moves_by_old_average ? in[2][i] : first) / divisor;
}

}  // namespace

std::vector<Fault> adam_faults(const Problem& problem) {
  const Adam op(problem);
  std::vector<Fault> faults;
  // Only what can happen with these parameters: elsewhere the wrong step is the right one.
  const auto add = [&](bool can_happen, const char* id, const char* description, WrongStep wrong) {
    if (!can_happen) return;
    faults.push_back({id, description, [wrong](const Problem& given, const std::vector<Values>& in) {
                        return std::make_unique<WrongAnswer>(
                            [op = Adam(given), wrong, &in](std::size_t output, std::int64_t i) {
                              return wrong_element(op, wrong, in, output, i);
                            });
                      }});
  };
  const bool decays = op.weight_decay != 0, decoupled = op.decoupled_weight_decay;
  add(decays, "decay_forgotten", "weight_decay has no effect", {.forgets_decay = true});
  add(decays, "decay_the_other_way", "Adam's decay for AdamW's, or the reverse", {.decays_the_other_way = true});
  add(decays && decoupled, "decay_without_rate", "p shrinks by weight_decay instead of lr weight_decay",
      {.decays_without_rate = true});
  add(decays && !decoupled && op.maximize, "decay_before_negation", "maximize negates the decay as well",
      {.decays_before_negation = true});
  add(op.maximize, "maximize_forgotten", "descends instead of ascending", {.forgets_maximize = true});
  add(true, "first_correction_forgotten", "exp_avg is not divided by 1 - beta1^step",
      {.forgets_first_correction = true});
  add(true, "second_correction_forgotten", "exp_avg_sq is not divided by 1 - beta2^step",
      {.forgets_second_correction = true});
  add(true, "step_one_ahead", "corrections of the next step", {.counts_one_ahead = true});
  add(op.eps != 0, "eps_in_root", "eps is added before the root is taken", {.eps_in_root = true});
  add(op.eps != 0, "eps_before_correction", "eps is divided by the root of 1 - beta2^step as well",
      {.eps_before_correction = true});
  add(op.amsgrad, "maximum_forgotten", "amsgrad has no effect", {.forgets_maximum = true});
  add(op.amsgrad, "maximum_not_kept", "the old maximum is returned", {.maximum_not_kept = true});
  add(true, "old_average", "p moves by exp_avg before its update", {.moves_by_old_average = true});
  add(true, "gradient_not_squared", "exp_avg_sq gathers |g| instead of g^2", {.gradient_not_squared = true});
  add(true, "rest_in_float", "1 - beta is taken after beta was rounded to float", {.rest_in_float = true});
  add(true, "correction_in_float", "1 - beta^step is computed in float, where it cancels",
      {.correction_in_float = true});
  return faults;
}

}  // namespace lockstep
