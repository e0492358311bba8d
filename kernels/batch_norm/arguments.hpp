// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/implementation.hpp"
#include "reference/batch_norm.hpp"

namespace lockstep {

/// A problem's tensors by name; null where the problem has none. Everything per channel is float in kernels.
struct BatchNormArguments {
  BatchNorm op;
  TensorView x, g_y, y, d_x;
  const float *weight = nullptr, *bias = nullptr, *running_mean = nullptr, *running_var = nullptr,
              *saved_mean = nullptr, *saved_rstd = nullptr;
  float *running_mean_out = nullptr, *running_var_out = nullptr, *d_weight = nullptr, *d_bias = nullptr;
  std::int64_t* num_batches_tracked_out = nullptr;

  BatchNormArguments(const Problem& problem, const Tensors& tensors);

  /// The activations' memory: x with y, or with g_y and d_x.
  bool activations_aligned(std::size_t bytes) const;
  /// The per-channel inputs' memory, for kernels that load several channels at once.
  bool channels_aligned(std::size_t bytes) const;
};

/// Whether each channel's values lie in whole planes (row-major) or side by side with the other channels'. A tensor of
/// planes of one element is both.
bool lies_in_planes(const Problem& problem);
bool lies_in_columns(const Problem& problem);

}  // namespace lockstep
