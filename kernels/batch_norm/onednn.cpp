// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_ONEDNN
#include <algorithm>
#include <memory>
#include <vector>

#include "kernels/batch_norm/arguments.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/onednn_memory.hpp"

namespace lockstep {
namespace {

using dnnl::batch_normalization_backward;
using dnnl::batch_normalization_forward;

dnnl::memory channel_memory(const float* values, std::int64_t channels) {
  return {onednn_layout(DType::f32, {channels}, {1}), onednn_engine(), const_cast<float*>(values)};
}

dnnl::normalization_flags flags_of(const BatchNorm& op) {
  auto flags = dnnl::normalization_flags::none;
  if (op.affine) flags |= dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
  if (!op.from_batch()) flags |= dnnl::normalization_flags::use_global_stats;
  return flags;
}

batch_normalization_forward::primitive_desc forward_plan(const BatchNorm& op, const TensorView& x, float eps) {
  const auto kind = op.from_batch() ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
  return {batch_normalization_forward::desc(kind, onednn_layout(x), eps, flags_of(op)), onednn_engine()};
}

/// oneDNN knows no running statistics: what PyTorch does after its batch normalisation. `mean` and `variance` (biased)
/// are the batch's, null where there is nothing to learn from.
void write_running(const BatchNormArguments& a, const float* mean, const float* variance) {
  if (!a.running_mean_out) return;
  const auto keep = static_cast<float>(1 - a.op.factor), factor = static_cast<float>(a.op.factor);
  const auto n = static_cast<float>(a.op.count()), unbiased = n / (n - 1);
  for (std::int64_t c = 0; c < a.op.channels; ++c) {
    a.running_mean_out[c] = mean ? keep * a.running_mean[c] + factor * mean[c] : a.running_mean[c];
    a.running_var_out[c] = mean ? keep * a.running_var[c] + factor * (variance[c] * unbiased) : a.running_var[c];
  }
  *a.num_batches_tracked_out = a.op.batches_after();
}

/// What a launch owns beside the primitive: statistics in the form in which oneDNN wants them.
struct Statistics {
  std::vector<float> mean, variance;
  explicit Statistics(std::int64_t channels)
      : mean(static_cast<std::size_t>(channels)), variance(static_cast<std::size_t>(channels)) {}
};

}  // namespace

Launch batch_norm_forward_onednn(const Problem& problem, const Tensors& tensors, Device&) {
  const BatchNormArguments a(problem, tensors);
  if (a.op.count() == 0) return [a] { write_running(a, nullptr, nullptr); };
  const std::int64_t channels = a.op.channels;
  auto primitive = std::make_shared<batch_normalization_forward>(forward_plan(a.op, a.x, static_cast<float>(a.op.eps)));
  auto batch = std::make_shared<Statistics>(channels);
  const bool from_batch = a.op.from_batch();
  std::unordered_map<int, dnnl::memory> arguments{
      {DNNL_ARG_SRC, onednn_memory(a.x)},
      {DNNL_ARG_DST, onednn_memory(a.y)},
      {DNNL_ARG_MEAN, channel_memory(from_batch ? batch->mean.data() : a.running_mean, channels)},
      {DNNL_ARG_VARIANCE, channel_memory(from_batch ? batch->variance.data() : a.running_var, channels)}};
  if (a.op.affine) {
    arguments.emplace(DNNL_ARG_SCALE, channel_memory(a.weight, channels));
    arguments.emplace(DNNL_ARG_SHIFT, channel_memory(a.bias, channels));
  }
  return [a, primitive, arguments, batch] {
    primitive->execute(onednn_stream(), arguments);
    onednn_stream().wait();
    const bool learns = a.op.updates();
    write_running(a, learns ? batch->mean.data() : nullptr, learns ? batch->variance.data() : nullptr);
  };
}

Launch batch_norm_backward_onednn(const Problem& problem, const Tensors& tensors, Device&) {
  const BatchNormArguments a(problem, tensors);
  const std::int64_t channels = a.op.channels;
  if (a.op.count() == 0)
    return [a, channels] {
      for (float* sums : {a.d_weight, a.d_bias})
        if (sums) std::fill_n(sums, channels, 0.0f);
    };
  // The saved 1 / sqrt(variance + eps) goes in as its square's inverse with eps 0: oneDNN takes the root of it again.
  // In double, since the truth takes the saved value as exact.
  const bool from_batch = a.op.from_batch();
  const float eps = from_batch ? 0.0f : static_cast<float>(a.op.eps);
  const auto kind = a.op.affine ? dnnl::prop_kind::backward : dnnl::prop_kind::backward_data;
  const batch_normalization_backward::desc description(kind, onednn_layout(a.g_y), onednn_layout(a.x), eps,
                                                       flags_of(a.op));
  auto primitive = std::make_shared<batch_normalization_backward>(
      batch_normalization_backward::primitive_desc(description, onednn_engine(), forward_plan(a.op, a.x, eps)));
  auto saved = std::make_shared<Statistics>(channels);
  std::unordered_map<int, dnnl::memory> arguments{
      {DNNL_ARG_SRC, onednn_memory(a.x)},
      {DNNL_ARG_DIFF_DST, onednn_memory(a.g_y)},
      {DNNL_ARG_DIFF_SRC, onednn_memory(a.d_x)},
      {DNNL_ARG_MEAN, channel_memory(from_batch ? a.saved_mean : a.running_mean, channels)},
      {DNNL_ARG_VARIANCE, channel_memory(from_batch ? saved->variance.data() : a.running_var, channels)}};
  if (a.op.affine) {
    arguments.emplace(DNNL_ARG_SCALE, channel_memory(a.weight, channels));
    arguments.emplace(DNNL_ARG_SHIFT, channel_memory(saved->mean.data(), channels));
    arguments.emplace(DNNL_ARG_DIFF_SCALE, channel_memory(a.d_weight, channels));
    arguments.emplace(DNNL_ARG_DIFF_SHIFT, channel_memory(a.d_bias, channels));
  }
  return [a, primitive, arguments, saved, from_batch] {
    if (from_batch)
      for (std::size_t c = 0; c < saved->variance.size(); ++c)
        saved->variance[c] = static_cast<float>(1.0 / (static_cast<double>(a.saved_rstd[c]) * a.saved_rstd[c]));
    primitive->execute(onednn_stream(), arguments);
    onednn_stream().wait();
  };
}

}  // namespace lockstep
#endif
