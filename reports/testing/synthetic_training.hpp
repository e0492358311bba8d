// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reports/testing/synthetic_report.hpp"

namespace lockstep::reports {

// Invented: all modes, a run that differs, one that diverged, one that was skipped; scaling, collectives, faults (one
// missed in a failing report) and a study of synchronised statistics. No number was measured.
Training synthetic_training(const SyntheticOptions& options);
SyncBatchNormStudy synthetic_sync_batch_norm_study();

}  // namespace lockstep::reports
