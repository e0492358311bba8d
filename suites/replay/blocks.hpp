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

}  // namespace lockstep
