// SPDX-License-Identifier: Apache-2.0
// Idea: a thread merges its channel over the ranks one after the other, in rank order: the same bits on every rank.
// Layout: a thread per channel; the messages of a rank lie channel by channel, so that every load is coalesced.
// Fast because: the table of messages is read once and is small (a few thousand channels times some ranks): the launch
// takes longer than the arithmetic, so nothing is split and there is only one.
#include "kernels/batch_norm/geometry.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/scalar.cuh"
#include "reference/batch_norm_merge.hpp"
#include "reference/value_count.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kThreads = 128;

struct Merge {
  const float *means, *m2s, *counts, *running_mean, *running_var;
  float *mean, *rstd, *count, *running_mean_out, *running_var_out;
  std::int64_t ranks, channels;
  float eps, keep, factor;
};

__global__ void __launch_bounds__(kThreads) merge_ranks(Merge m) {
  const std::int64_t channel = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (channel >= m.channels) return;
  std::int64_t n = 0;
  float mean = 0.0f, m2 = 0.0f;
  for (std::int64_t rank = 0; rank < m.ranks; ++rank) {
    const std::int64_t high = static_cast<std::int64_t>(m.counts[2 * rank]),
                       low = static_cast<std::int64_t>(m.counts[2 * rank + 1]);
    const std::int64_t own = high * ValueCount::kBase + low;
    if (own == 0) continue;  // its row may hold anything
    const float own_mean = m.means[rank * m.channels + channel], own_m2 = m.m2s[rank * m.channels + channel];
    if (n == 0) {
      mean = own_mean;
      m2 = own_m2;
    } else {
      const float weight = static_cast<float>(own) / static_cast<float>(n + own), difference = own_mean - mean;
      mean = fmaf(difference, weight, mean);
      m2 += fmaf(difference * difference, static_cast<float>(n) * weight, own_m2);
    }
    n += own;
  }
  m.mean[channel] = mean;
  m.rstd[channel] = rsqrtf((n > 0 ? m2 / static_cast<float>(n) : 0.0f) + m.eps);
  if (channel == 0) {
    m.count[0] = static_cast<float>(n / ValueCount::kBase);
    m.count[1] = static_cast<float>(n % ValueCount::kBase);
  }
  if (!m.running_mean_out) return;
  float new_mean = m.running_mean[channel], new_var = m.running_var[channel];
  if (n > 0) {
    new_mean = fmaf(m.factor, mean, m.keep * new_mean);
    new_var = fmaf(m.factor, m2 / static_cast<float>(n - 1), m.keep * new_var);
  }
  m.running_mean_out[channel] = new_mean;
  m.running_var_out[channel] = new_var;
}

}  // namespace

Launch batch_norm_merge_channel_per_thread(const Problem& problem, const Tensors& tensors, Device& device) {
  const BatchNormMerge op(problem);
  const auto input = [&](std::size_t at) { return tensors.inputs[at].as<const float>(); };
  const auto output = [&](std::size_t at) { return tensors.outputs[at].as<float>(); };
  const Merge merge{.means = input(0),
                    .m2s = input(1),
                    .counts = input(2),
                    .running_mean = op.tracked ? input(3) : nullptr,
                    .running_var = op.tracked ? input(4) : nullptr,
                    .mean = output(0),
                    .rstd = output(1),
                    .count = output(2),
                    .running_mean_out = op.tracked ? output(3) : nullptr,
                    .running_var_out = op.tracked ? output(4) : nullptr,
                    .ranks = op.ranks,
                    .channels = op.channels,
                    .eps = static_cast<float>(op.eps),
                    .keep = static_cast<float>(1 - op.factor),
                    .factor = static_cast<float>(op.factor)};
  const LaunchShape shape{LaunchExtent(divide_up(op.channels, kThreads)), LaunchExtent(kThreads), 0};
  return [=, stream = device.stream()] { launch(merge_ranks, shape, stream, merge); };
}

}  // namespace lockstep::LOCKSTEP_BACKEND
