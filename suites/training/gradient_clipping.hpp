// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/autograd/autograd.hpp"
#include "harness/autograd/module.hpp"
#include "suites/training/plan.hpp"

namespace lockstep {

/// L2 norm over all gradients (the norm of the tensors' norms, by the operator clip_grad_norm); parameters without a
/// gradient are skipped, and without any it is 0.
double gradient_norm(Autograd& autograd, const std::vector<NamedVariable>& parameters);

/// Clips the gradients as torch.nn.utils.clip_grad_norm_ and clip_grad_value_ do, by the operators of these names.
void clip_gradients(Autograd& autograd, std::vector<NamedVariable>& parameters, const ClippingPlan& plan);

/// Multiplies every gradient by what clip_grad_norm would multiply it by if the total norm were `norm`.
void clip_gradients_by_norm(std::vector<NamedVariable>& parameters, const ClippingPlan& plan, double norm);

/// Divides every gradient by `divisor`; returns whether all of them are finite.
bool divide_gradients(std::vector<NamedVariable>& parameters, double divisor);

}  // namespace lockstep
