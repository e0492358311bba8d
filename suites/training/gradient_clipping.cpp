// SPDX-License-Identifier: Apache-2.0
#include "suites/training/gradient_clipping.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "reference/operators.hpp"

namespace lockstep {
namespace {

/// The parameters that have a gradient.
std::vector<Variable> with_gradient(const std::vector<NamedVariable>& parameters) {
  std::vector<Variable> found;
  for (const NamedVariable& parameter : parameters)
    if (parameter.variable.gradient()) found.push_back(parameter.variable);
  return found;
}

/// Outputs of an operator on a list of gradients: out0, out1, ... and what it gives beside them.
std::vector<Variable> on_gradients(Autograd& autograd, const Operator& definition, const Parameters& parameters,
                                   const std::vector<Variable>& owners) {
  const NoGradient scope(autograd);
  NamedInputs inputs;
  for (std::size_t i = 0; i < owners.size(); ++i)
    inputs.emplace_back("grad" + std::to_string(i), owners[i].gradient().detach());
  return autograd.apply(definition, parameters, inputs);
}

Parameters norm_parameters(double max_norm, double norm_type) {
  Parameters parameters;
  parameters.set_real("max_norm", max_norm);
  parameters.set_real("norm_type", norm_type);
  return parameters;
}

}  // namespace

double gradient_norm(Autograd& autograd, const std::vector<NamedVariable>& parameters) {
  const std::vector<Variable> owners = with_gradient(parameters);
  if (owners.empty()) return 0.0;
  const double no_limit = std::numeric_limits<float>::max();
  return on_gradients(autograd, clip_grad_norm_operator(), norm_parameters(no_limit, 2.0), owners).back().value()[0];
}

void clip_gradients(Autograd& autograd, std::vector<NamedVariable>& parameters, const ClippingPlan& plan) {
  std::vector<Variable> owners = with_gradient(parameters);
  if (owners.empty()) return;
  std::vector<Variable> clipped;
  if (plan.kind == ClippingPlan::Kind::norm) {
    clipped = on_gradients(autograd, clip_grad_norm_operator(), norm_parameters(plan.max, plan.norm_type), owners);
  } else {
    Parameters value;
    value.set_real("clip_value", plan.max);
    clipped = on_gradients(autograd, clip_grad_value_operator(), value, owners);
  }
  for (std::size_t i = 0; i < owners.size(); ++i) owners[i].set_gradient(clipped[i]);
}

void clip_gradients_by_norm(std::vector<NamedVariable>& parameters, const ClippingPlan& plan, double norm) {
  divide_gradients(parameters, 1.0 / std::min(1.0, plan.max / (norm + 1e-6)));
}

bool divide_gradients(std::vector<NamedVariable>& parameters, double divisor) {
  bool finite = true;
  for (NamedVariable& parameter : parameters) {
    if (!parameter.variable.gradient()) continue;
    Values values = parameter.variable.gradient().value();
    for (std::int64_t i = 0; i < values.count(); ++i) {
      const double quotient = values[i] / divisor;
      finite = finite && std::isfinite(quotient);
      values.set(i, quotient);
    }
    parameter.variable.set_gradient(Variable(std::move(values)));
  }
  return finite;
}

}  // namespace lockstep
