// SPDX-License-Identifier: Apache-2.0
#include "reference/sgd_faults.hpp"

#include "harness/plan/formula_operator.hpp"
#include "reference/sgd.hpp"

namespace lockstep {
namespace {

/// The step with the ways in which implementations are known to go wrong.
struct WrongStep {
  bool forgets_decay = false, decays_directly = false, decays_before_negation = false, forgets_maximize = false;
  bool damps_first_step = false, forgets_dampening = false, keeps_old_buffer = false;
  bool forgets_nesterov = false, nesterov_on_old_buffer = false, rate_in_buffer = false;
};

double wrong_element(const Sgd& op, const WrongStep& wrong, const std::vector<Values>& in, std::size_t output,
                     std::int64_t i) {
  const double p = in[0][i], decay = wrong.forgets_decay ? 0 : op.weight_decay;
  double g = in[1][i];
  const bool negated = op.maximize && !wrong.forgets_maximize;
  const bool decays_here = decay != 0 && !wrong.decays_directly;
  if (decays_here && wrong.decays_before_negation) g += decay * p;
  if (negated) g = -g;
  if (decays_here && !wrong.decays_before_negation) g += decay * p;
  const double start = wrong.decays_directly ? p * (1 - op.lr * decay) : p;
  if (!op.has_buffer()) return start - op.lr * g;

  const double old = op.reads_buffer() ? in[2][i] : 0;
  const double undamped = wrong.forgets_dampening || (op.first_step && !wrong.damps_first_step) ? 1 : 1 - op.dampening;
  const double buffer = op.momentum * old + undamped * g * (wrong.rate_in_buffer ? op.lr : 1);
  if (output == 1) return wrong.keeps_old_buffer ? old : buffer;
  if (wrong.rate_in_buffer) return start - buffer;
  const double ahead = op.momentum * (wrong.nesterov_on_old_buffer ? old : buffer);
  return start - op.lr * (op.nesterov && !wrong.forgets_nesterov ? g + ahead : buffer);
}

}  // namespace

std::vector<Fault> sgd_faults(const Problem& problem) {
  const Sgd op(problem);
  std::vector<Fault> faults;
  // Only what can happen with these parameters: elsewhere the wrong step is the right one.
  const auto add = [&](bool can_happen, const char* id, const char* description, WrongStep wrong) {
    if (!can_happen) return;
    faults.push_back({id, description, [wrong](const Problem& given, const std::vector<Values>& in) {
                        return std::make_unique<WrongAnswer>(
                            [op = Sgd(given), wrong, &in](std::size_t output, std::int64_t i) {
                              return wrong_element(op, wrong, in, output, i);
                            });
                      }});
  };
  const bool decays = op.weight_decay != 0, damped = op.has_buffer() && op.dampening != 0;
  add(decays, "decay_forgotten", "weight_decay has no effect", {.forgets_decay = true});
  add(decays && op.has_buffer(), "decay_beside_momentum", "the decay shrinks p directly and passes the buffer by",
      {.decays_directly = true});
  add(decays && op.maximize, "decay_before_negation", "maximize negates the decay as well",
      {.decays_before_negation = true});
  add(op.maximize, "maximize_forgotten", "descends instead of ascending", {.forgets_maximize = true});
  add(damped && op.first_step, "first_step_damped", "dampening acts on the first gradient", {.damps_first_step = true});
  add(damped && !op.first_step, "dampening_forgotten", "the gradient enters the buffer whole",
      {.forgets_dampening = true});
  add(op.has_buffer(), "buffer_not_updated", "the old momentum buffer (none: zeros) is returned",
      {.keeps_old_buffer = true});
  add(op.has_buffer(), "rate_in_buffer", "the buffer holds lr g instead of g", {.rate_in_buffer = true});
  add(op.nesterov, "nesterov_forgotten", "p moves by the buffer alone", {.forgets_nesterov = true});
  add(op.nesterov, "nesterov_on_old_buffer", "looks ahead from the buffer before its update",
      {.nesterov_on_old_buffer = true});
  return faults;
}

}  // namespace lockstep
