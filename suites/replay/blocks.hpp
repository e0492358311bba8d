// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "suites/replay/case_problem.hpp"

// The blocks of the format of cases: several calls, each on what the one before gave. Each throws what `compute` throws,
// and Error where the case is malformed.
namespace lockstep {

/// batch_norm_seq: `train_steps` calls in training, each on the running statistics that the one before gave (the first on
/// zeros and ones), then one on x_eval in evaluation. Inputs x0, x1, ..., x_eval; outputs running_mean_<k>,
/// running_var_<k>, y_eval, num_batches_tracked, d_x_eval.
OperatorRun run_batch_norm_sequence(const CaseProblem& item, const CaseDescription& description,
                                    const ComputeProblem& compute);

/// sgd: `steps` steps (as many as there are gradients), each on the parameters and the state that the one before left.
/// Inputs p, grad0, grad1, ...; outputs p_after<k> and, where there is momentum, the final state_momentum_buffer. A case
/// with the operator's own inputs (grad instead of grad0, as dumps have them) is one call of it.
OperatorRun run_sgd_steps(const CaseProblem& item, const CaseDescription& description, const ComputeProblem& compute);

/// adam, adamw: the same with the final state_exp_avg, state_exp_avg_sq and, with amsgrad, state_max_exp_avg_sq.
OperatorRun run_adam_steps(const CaseProblem& item, const CaseDescription& description, const ComputeProblem& compute);

}  // namespace lockstep
