// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "suites/training/job.hpp"

namespace lockstep {

/// Rank r of `parts` takes rows r n / parts .. (r + 1) n / parts. Throws Error for more parts than rows.
std::vector<RowRange> equal_rows(std::int64_t rows, int parts);

/// torch.chunk: pieces of ceil(rows / parts) rows, so there may be fewer than `parts`.
std::vector<RowRange> chunked_rows(std::int64_t rows, int parts);

/// The plan's rows where it gives them, else the rule's. Throws Error unless given rows are within the batch, in order,
/// without overlap, and as many as `parts`.
std::vector<RowRange> rows_of(const TrainingPlan& plan, std::int64_t rows, int parts,
                              std::vector<RowRange> (*rule)(std::int64_t, int));

/// Part of a batch.
Batch take_rows(const Batch& batch, const RowRange& range);

}  // namespace lockstep
