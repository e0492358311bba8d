// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "harness/plan/case.hpp"
#include "suites/replay/case_verdict.hpp"

namespace lockstep {

/// Trains as a mode's folder says, compares with its answers, and returns every array: losses, grad_norms,
/// final/<parameter>, final_buffers/<buffer>. `implementation`: `reference` or `cuda`; own kernels compute what they take,
/// the formulas the rest. In f64 arrays agree within 1e-9 max(1, max |expected|). In f32 they agree within the spread of
/// runs in double that are perturbed by roundings of float32, around the unperturbed run, which is held to the answers.
/// Never throws for what the case does: a malformed case is `unreadable`.
CaseVerdict judge_training(const std::filesystem::path& folder, const Catalogue& catalogue,
                           const std::string& implementation, DType dtype);

}  // namespace lockstep
