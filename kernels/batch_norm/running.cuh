// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/simt/port.cuh"
#include "kernels/batch_norm/arguments.hpp"

namespace lockstep::LOCKSTEP_BACKEND {

/// Running statistics on their way from before the batch to after it; null pointers where none are tracked.
struct RunningStatistics {
  const float *mean = nullptr, *var = nullptr;
  float *mean_out = nullptr, *var_out = nullptr;
  std::int64_t* counter_out = nullptr;
  std::int64_t counter = 0;
  /// 1 - momentum and momentum, each rounded once from double.
  float keep = 1, factor = 0;
  /// Values per channel of the batch; 0 where it teaches nothing (evaluation, an empty batch).
  float count = 0;
};

inline RunningStatistics running_statistics(const BatchNormArguments& a) {
  return {.mean = a.running_mean,
          .var = a.running_var,
          .mean_out = a.running_mean_out,
          .var_out = a.running_var_out,
          .counter_out = a.num_batches_tracked_out,
          .counter = a.op.batches_after(),
          .keep = static_cast<float>(1 - a.op.factor),
          .factor = static_cast<float>(a.op.factor),
          .count = a.op.updates() ? static_cast<float>(a.op.count()) : 0.0f};
}

/// Called by one thread per channel. `squares`: sum of squared deviations of the batch from `mean`.
__device__ __forceinline__ void update_running(const RunningStatistics& running, std::int64_t channel, float mean,
                                               float squares) {
  if (!running.mean_out) return;
  float new_mean = running.mean[channel], new_var = running.var[channel];
  if (running.count > 0.0f) {
    new_mean = fmaf(running.factor, mean, running.keep * new_mean);
    new_var = fmaf(running.factor, squares / (running.count - 1.0f), running.keep * new_var);
  }
  running.mean_out[channel] = new_mean;
  running.var_out[channel] = new_var;
  if (channel == 0) *running.counter_out = running.counter;
}

}  // namespace lockstep::LOCKSTEP_BACKEND
