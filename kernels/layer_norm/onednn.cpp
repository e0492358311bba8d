// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_ONEDNN
#include <algorithm>

#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/onednn_memory.hpp"
#include "reference/layer_norm.hpp"

namespace lockstep {
namespace {

dnnl::normalization_flags flags_of(const LayerNorm& op) {
  auto flags = dnnl::normalization_flags::none;
  if (op.has_weight) flags |= dnnl::normalization_flags::use_scale;
  if (op.has_bias) flags |= dnnl::normalization_flags::use_shift;
  return flags;
}

dnnl::layer_normalization_forward::primitive_desc forward_plan(const LayerNorm& op, dnnl::prop_kind kind,
                                                               const dnnl::memory::desc& layout) {
  const dnnl::layer_normalization_forward::desc description(kind, layout, static_cast<float>(op.eps), flags_of(op));
  return {description, onednn_engine()};
}

/// Mean and biased variance of each row, as a training step's forward would have left them behind.
void write_statistics(const LayerNorm& op, const float* x, float* means, float* variances) {
  for (std::int64_t r = 0; r < op.rows; ++r) {
    const float* const row = x + r * op.columns;
    const auto count = static_cast<double>(op.columns);
    double mean = 0, squares = 0;
    for (std::int64_t c = 0; c < op.columns; ++c) mean += row[c] / count;
    for (std::int64_t c = 0; c < op.columns; ++c) squares += (row[c] - mean) * (row[c] - mean);
    means[r] = static_cast<float>(mean);
    variances[r] = static_cast<float>(squares / count);
  }
}

Launch launch_of(const dnnl::primitive& primitive, const std::unordered_map<int, dnnl::memory>& arguments) {
  return [primitive, arguments] {
    primitive.execute(onednn_stream(), arguments);
    onednn_stream().wait();
  };
}

}  // namespace

/// oneDNN's layer_normalization_forward on x seen as [rows, columns]; scale and shift are separate tensors.
Launch layer_norm_forward_onednn(const Problem& problem, const Tensors& tensors, Device&) {
  const LayerNorm op(problem);
  if (op.rows == 0) return [] {};
  const Shape matrix{op.rows, op.columns}, columns{op.columns};
  const auto layout = onednn_layout(problem.dtype, matrix, row_major_strides(matrix));
  std::unordered_map<int, dnnl::memory> arguments{{DNNL_ARG_SRC, onednn_memory(tensors.inputs[0], matrix)},
                                                  {DNNL_ARG_DST, onednn_memory(tensors.outputs[0], matrix)}};
  if (op.has_weight) arguments.emplace(DNNL_ARG_SCALE, onednn_memory(tensors.inputs[1], columns));
  if (op.has_bias) arguments.emplace(DNNL_ARG_SHIFT, onednn_memory(tensors.inputs[2], columns));
  return launch_of(dnnl::layer_normalization_forward(forward_plan(op, dnnl::prop_kind::forward_inference, layout)),
                   arguments);
}

/// oneDNN's layer_normalization_backward. It takes the rows' statistics as inputs; they are computed here, outside the timed
/// launch.
Launch layer_norm_backward_onednn(const Problem& problem, const Tensors& tensors, Device&) {
  const LayerNorm op(problem);
  const Shape matrix{op.rows, op.columns}, columns{op.columns};
  const auto layout = onednn_layout(problem.dtype, matrix, row_major_strides(matrix));
  const auto forward = forward_plan(op, dnnl::prop_kind::forward_training, layout);
  const auto kind = op.has_weight ? dnnl::prop_kind::backward : dnnl::prop_kind::backward_data;
  const dnnl::layer_normalization_backward::desc description(kind, layout, layout, static_cast<float>(op.eps),
                                                             flags_of(op));
  const dnnl::layer_normalization_backward::primitive_desc plan(description, onednn_engine(), forward);

  const dnnl::memory mean(forward.mean_desc(), onednn_engine()), variance(forward.variance_desc(), onednn_engine());
  write_statistics(op, tensors.inputs[0].as<const float>(), static_cast<float*>(mean.get_data_handle()),
                   static_cast<float*>(variance.get_data_handle()));
  std::unordered_map<int, dnnl::memory> arguments{
      {DNNL_ARG_SRC, onednn_memory(tensors.inputs[0], matrix)},
      {DNNL_ARG_DIFF_DST, onednn_memory(tensors.inputs.back(), matrix)},
      {DNNL_ARG_MEAN, mean},
      {DNNL_ARG_VARIANCE, variance},
      {DNNL_ARG_DIFF_SRC, onednn_memory(tensors.outputs[0], matrix)},
  };
  if (op.has_weight) {
    arguments.emplace(DNNL_ARG_SCALE, onednn_memory(tensors.inputs[1], columns));
    arguments.emplace(DNNL_ARG_DIFF_SCALE, onednn_memory(tensors.outputs[1], columns));
  }
  if (op.has_bias) {
    // oneDNN wants the bias handed over, though no gradient depends on it; zeros do.
    const dnnl::memory shift(onednn_layout(DType::f32, columns, {1}), onednn_engine());
    std::fill_n(static_cast<float*>(shift.get_data_handle()), op.columns, 0.0f);
    arguments.emplace(DNNL_ARG_SHIFT, shift);
    arguments.emplace(DNNL_ARG_DIFF_SHIFT, onednn_memory(tensors.outputs[2], columns));
  }
  return launch_of(dnnl::layer_normalization_backward(plan), arguments);
}

}  // namespace lockstep
#endif
