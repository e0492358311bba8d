// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/plan/operator.hpp"

namespace lockstep {

/// Statistics of the whole batch from those of its parts: what every rank of a synchronised batch normalisation computes
/// from the same gathered messages (torch.nn.SyncBatchNorm; Chan, Golub, LeVeque 1983, equations 2.1).
///
/// In rank order, over the ranks with values, from n = 0:
///   d = means[j] - mean,   mean += d n_j / (n + n_j),   m2 += m2s[j] + d^2 n n_j / (n + n_j),   n += n_j
///   rstd = 1 / sqrt(m2 / n + eps)
/// and with running statistics, as batch_norm has them (f = momentum, or 1 / (num_batches_tracked + 1) where it is none):
///   running_mean_out = (1 - f) running_mean + f mean,   running_var_out = (1 - f) running_var + f m2 / (n - 1)
///
/// Shapes: means, m2s [W, C], counts [W, 2] (see ValueCount), rows by rank; mean, rstd, running statistics [C]; count [2],
/// the n of all ranks. What the row of a rank without values holds is not looked at. Where no rank has any: mean 0,
/// variance 0, and the running statistics stay. With n = 1 there is no unbiased variance: running_var_out is NaN.
/// Parameters (default): eps (1e-5), momentum (0.1), track_running_stats (true), num_batches_tracked (0, the batches
/// before this one); counts (32 for each): what the counts of a drawn case hold. Dtypes: all f32 (f64), whatever x was.
/// Forward only. Refused: no channels, no ranks, a number of counts that is not W; drawn counts below 0, or that
/// sum up to one.
struct BatchNormMerge {
  std::int64_t ranks = 0, channels = 0;
  double eps = 1e-5;
  bool tracked = true;
  /// Weight of the new batch in the running statistics.
  double factor = 0.1;
  std::vector<std::int64_t> drawn_counts;

  explicit BatchNormMerge(const Problem& problem);
};

/// The wrong answers such a merge is known to give.
std::vector<Fault> batch_norm_merge_faults();

}  // namespace lockstep
