// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_ONEDNN
#include <algorithm>
#include <memory>

#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/onednn_memory.hpp"
#include "reference/max_pool2d.hpp"

namespace lockstep {
namespace {

using Dims = dnnl::memory::dims;

/// The tensor as oneDNN wants it: four axes, an unbatched one as a batch of one.
dnnl::memory::desc four_axes(const TensorView& view) {
  if (view.shape.size() == 4) return onednn_layout(view);
  Shape shape{1};
  Strides strides{view.shape[0] * view.strides[0]};
  shape.insert(shape.end(), view.shape.begin(), view.shape.end());
  strides.insert(strides.end(), view.strides.begin(), view.strides.end());
  return onednn_layout(view.dtype, shape, strides);
}

/// The windows in oneDNN's terms: its dilation counts the elements left out, and padding at the end makes the number of
/// outputs come out, where ceil_mode needs some.
struct OnednnWindows {
  Dims kernel, stride, dilation, padding, end_padding;

  explicit OnednnWindows(const MaxPool2d& op) {
    for (const PoolAxis* axis : {&op.vertical, &op.horizontal}) {
      kernel.push_back(axis->kernel);
      stride.push_back(axis->stride);
      dilation.push_back(axis->dilation - 1);
      padding.push_back(axis->padding);
      const std::int64_t last =
          (axis->outputs - 1) * axis->stride - axis->padding + (axis->kernel - 1) * axis->dilation;
      end_padding.push_back(std::max<std::int64_t>(last - axis->extent + 1, 0));
    }
  }
};

dnnl::pooling_v2_forward::primitive_desc forward_plan(const MaxPool2d& op, const dnnl::memory::desc& x,
                                                      const dnnl::memory::desc& y) {
  const OnednnWindows w(op);
  return {{dnnl::prop_kind::forward_training, dnnl::algorithm::pooling_max, x, y, w.stride, w.kernel, w.dilation,
           w.padding, w.end_padding},
          onednn_engine()};
}

/// oneDNN's workspace holds the position within the window; it has the axes and the order of y. Writes PyTorch's indices.
template <class Position>
void write_indices(const MaxPool2d& op, const Position* positions, const TensorView& indices) {
  const std::int64_t kernel = op.horizontal.kernel;
  auto* const to = indices.as<std::int64_t>();
  const std::size_t rank = indices.shape.size();
  const std::int64_t row_stride = indices.strides[rank - 2], column_stride = indices.strides[rank - 1];
  for (std::int64_t plane = 0; plane < op.planes; ++plane) {
    const std::int64_t first = offset_of(plane * op.plane_outputs(), indices.shape, indices.strides);
    for (std::int64_t i = 0; i < op.vertical.outputs; ++i)
      for (std::int64_t j = 0; j < op.horizontal.outputs; ++j) {
        const std::int64_t at = first + i * row_stride + j * column_stride;
        const std::int64_t k = positions[at] / kernel, l = positions[at] % kernel;
        const std::int64_t row = i * op.vertical.stride - op.vertical.padding + k * op.vertical.dilation;
        const std::int64_t column = j * op.horizontal.stride - op.horizontal.padding + l * op.horizontal.dilation;
        to[at] = row * op.horizontal.extent + column;
      }
  }
}

}  // namespace

/// oneDNN's pooling in its training form, whose workspace says which element won; from it the indices, within the launch.
Launch max_pool2d_forward_onednn(const Problem& problem, const Tensors& tensors, Device&) {
  const MaxPool2d op(problem);
  if (op.planes == 0) return [] {};
  const auto x = four_axes(tensors.inputs[0]), y = four_axes(tensors.outputs[0]);
  const auto plan = forward_plan(op, x, y);
  const dnnl::memory workspace(plan.workspace_desc(), onednn_engine());
  const bool is_wide = plan.workspace_desc().data.data_type == dnnl_s32;
  auto primitive = std::make_shared<dnnl::pooling_v2_forward>(plan);
  const std::unordered_map<int, dnnl::memory> arguments{{DNNL_ARG_SRC, {x, onednn_engine(), tensors.inputs[0].data}},
                                                        {DNNL_ARG_DST, {y, onednn_engine(), tensors.outputs[0].data}},
                                                        {DNNL_ARG_WORKSPACE, workspace}};
  return [op, primitive, arguments, workspace, is_wide, indices = tensors.outputs[1]] {
    primitive->execute(onednn_stream(), arguments);
    onednn_stream().wait();
    if (is_wide)
      write_indices(op, static_cast<const std::int32_t*>(workspace.get_data_handle()), indices);
    else
      write_indices(op, static_cast<const std::uint8_t*>(workspace.get_data_handle()), indices);
  };
}

/// oneDNN's pooling backward, which reads the workspace; oneDNN's own forward makes it here, outside the timed launch.
Launch max_pool2d_backward_onednn(const Problem& problem, const Tensors& tensors, Device&) {
  const MaxPool2d op(problem);
  if (op.planes == 0) return [] {};
  const auto x = four_axes(tensors.inputs[0]), y = four_axes(tensors.inputs[2]);
  const auto forward = forward_plan(op, x, y);
  const dnnl::memory workspace(forward.workspace_desc(), onednn_engine()), maxima(y, onednn_engine());
  dnnl::pooling_v2_forward(forward).execute(onednn_stream(),
                                            {{DNNL_ARG_SRC, {x, onednn_engine(), tensors.inputs[0].data}},
                                             {DNNL_ARG_DST, maxima},
                                             {DNNL_ARG_WORKSPACE, workspace}});
  onednn_stream().wait();

  const OnednnWindows w(op);
  const dnnl::pooling_v2_backward::primitive_desc plan(
      {dnnl::algorithm::pooling_max, x, y, w.stride, w.kernel, w.dilation, w.padding, w.end_padding}, onednn_engine(),
      forward);
  auto primitive = std::make_shared<dnnl::pooling_v2_backward>(plan);
  const std::unordered_map<int, dnnl::memory> arguments{
      {DNNL_ARG_DIFF_DST, {y, onednn_engine(), tensors.inputs[2].data}},
      {DNNL_ARG_DIFF_SRC, {x, onednn_engine(), tensors.outputs[0].data}},
      {DNNL_ARG_WORKSPACE, workspace}};
  return [primitive, arguments] {
    primitive->execute(onednn_stream(), arguments);
    onednn_stream().wait();
  };
}

}  // namespace lockstep
#endif
