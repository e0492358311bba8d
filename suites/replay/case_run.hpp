// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "suites/replay/case_problem.hpp"
#include "suites/replay/operator_run.hpp"

namespace lockstep {

/// Computes one problem on arrays by name: an implementation, or the formula in double.
using ComputeProblem = std::function<OperatorRun(const Problem&, const NamedValues&)>;

/// Every output of a case under the case's names: those of the forward, and of the backward where the case gives output
/// gradients. A direction that `compute` does not serve adds its reason to not_served; the other is computed all the
/// same. Throws what `compute` throws, and Error where a block's case is malformed.
OperatorRun run_case(const CaseProblem& item, const CaseDescription& description, const ComputeProblem& compute);

/// The block batch_norm_seq: `train_steps` calls in training, each on the running statistics that the one before gave
/// (the first on zeros and ones), then one on x_eval in evaluation. Inputs x0, x1, ..., x_eval; outputs
/// running_mean_<k>, running_var_<k>, y_eval, num_batches_tracked, d_x_eval.
OperatorRun run_batch_norm_sequence(const CaseProblem& item, const CaseDescription& description,
                                    const ComputeProblem& compute);

}  // namespace lockstep
