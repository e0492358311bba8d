// SPDX-License-Identifier: Apache-2.0
// Idea: the convolution as matrix products on the matrix units. y = windows of x times the weight; d_x = windows of g_y
// times the weight, one product for each phase of the stride; d_weight = g_y times windows of x, summed over positions.
// Windows are never written down: asynchronous copies of 16 bytes gather them, 8 channels (4 of f32) at once. Tensors
// whose channels do not lie side by side in whole chunks, the weight among them, are copied once so that they do.
// Layout and why it is fast: kernels/shared/tensor_core_tile.cuh and unit_gemm.cuh. All phases and groups go into one
// launch; few tiles with long sums are split over blocks and added in their order.
#include "kernels/conv2d/bias_gradient.cuh"
#include "kernels/conv2d/unit_gemm.cuh"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

/// The taps of chunks of `padded` channels, in weights packed likewise.
template <class Scalar>
auto chunk_layout(const Conv2d& op, int padded) {
  const auto weight = [padded, width = static_cast<int>(op.kernel.width)](int c, int r, int s) {
    return (r * width + s) * padded + c * kFullPack<Scalar>;
  };
  return TapLayout<decltype(weight)>{padded / kFullPack<Scalar>, kFullPack<Scalar>, true, weight};
}

/// Whether a thread may write packs of neighbouring channels.
template <class Scalar>
bool takes_channel_packs(const ImageView& out, std::int64_t group_channels) {
  constexpr std::int64_t kPack = kFullPack<Scalar>;
  return out.channel_stride == 1 && group_channels % kPack == 0 && out.image_stride % kPack == 0 &&
         out.row_stride % kPack == 0 && out.column_stride % kPack == 0 && out.tensor.is_aligned(16);
}

template <class Scalar>
WindowedImage<Scalar> windowed_chunks(const Chunked<Scalar>& chunks, const ImageView& view, std::int64_t groups) {
  return {chunks.data, chunked_strides(view, groups, chunks.padded), static_cast<int>(view.height),
          static_cast<int>(view.width)};
}

template <class Scalar>
Launch prepare_forward(const Conv2d& op, const Tensors& tensors, Device& device) {
  const ImageView x = image_view(tensors.inputs[0]), y = image_view(tensors.outputs[0]);
  const auto image = chunked_image<Scalar>(x, op.groups, device);
  const auto weight = chunked_weight<Scalar>(op, tensors.inputs[1], true, device);
  const auto windows = windowed_chunks(image, x, op.groups);
  const WindowTables tables = forward_tables(op, windows.strides, chunk_layout<Scalar>(op, image.padded), device);
  const int row = static_cast<int>(op.kernel.height * op.kernel.width) * weight.padded;
  const WindowProduct<Scalar> plan{.image = windows,
                                   .weight = weight.data,
                                   .bias = op.bias ? tensors.inputs[2].as<const Scalar>() : nullptr,
                                   .out = y.tensor.template as<Scalar>(),
                                   .taps = static_cast<const Tap*>(tables.taps->get()),
                                   .lattices = static_cast<const Lattice*>(tables.lattices->get()),
                                   .out_strides = strides_of_image(y),
                                   .lattice_count = tables.lattice_count,
                                   .groups = static_cast<int>(op.groups),
                                   .channels = static_cast<int>(op.out_per_group()),
                                   .most_positions = tables.most_positions,
                                   .image_group_stride = image.padded,
                                   .weight_group_stride = static_cast<int>(op.out_per_group()) * row,
                                   .weight_channel_stride = row};
  const Launch product =
      launch_unit_windows<Scalar>({plan, tables}, takes_channel_packs<Scalar>(y, op.out_per_group()), device);
  return [=] {
    image.pack();
    weight.pack();
    product();
  };
}

template <class Scalar>
Launch prepare_data_gradient(const Conv2d& op, const Tensors& tensors, const Chunked<Scalar>& chunks, Device& device) {
  const ImageView g = image_view(tensors.inputs[2]), d_x = image_view(tensors.outputs[0]);
  const auto weight = chunked_weight<Scalar>(op, tensors.inputs[1], false, device);
  const auto windows = windowed_chunks(chunks, g, op.groups);
  const WindowTables tables =
      data_gradient_tables(op, windows.strides, chunk_layout<Scalar>(op, chunks.padded), d_x, device);
  const int row = static_cast<int>(op.kernel.height * op.kernel.width) * weight.padded;
  ImageStrides out = strides_of_image(d_x);
  const bool packed_output = takes_channel_packs<Scalar>(d_x, op.in_per_group());
  out.row *= static_cast<int>(op.stride.height);
  out.column *= static_cast<int>(op.stride.width);
  const WindowProduct<Scalar> plan{.image = windows,
                                   .weight = weight.data,
                                   .bias = nullptr,
                                   .out = d_x.tensor.template as<Scalar>(),
                                   .taps = static_cast<const Tap*>(tables.taps->get()),
                                   .lattices = static_cast<const Lattice*>(tables.lattices->get()),
                                   .out_strides = out,
                                   .lattice_count = tables.lattice_count,
                                   .groups = static_cast<int>(op.groups),
                                   .channels = static_cast<int>(op.in_per_group()),
                                   .most_positions = tables.most_positions,
                                   .image_group_stride = chunks.padded,
                                   .weight_group_stride = static_cast<int>(op.in_per_group()) * row,
                                   .weight_channel_stride = row};
  const Launch product = launch_unit_windows<Scalar>({plan, tables}, packed_output, device);
  return [=] {
    weight.pack();
    product();
  };
}

template <class Scalar>
Launch prepare_weight_gradient(const Conv2d& op, const Tensors& tensors, const Chunked<Scalar>& chunks,
                               Device& device) {
  const ImageView x = image_view(tensors.inputs[0]);
  const auto image = chunked_image<Scalar>(x, op.groups, device);
  const auto windows = windowed_chunks(image, x, op.groups);
  const WindowTables tables = forward_tables(op, windows.strides, chunk_layout<Scalar>(op, image.padded), device);
  const WeightGradient<Scalar> base{.image = windows,
                                    .g = chunks.data,
                                    .out = tensors.outputs[1].as<Scalar>(),
                                    .taps = static_cast<const Tap*>(tables.taps->get()),
                                    .lattice = static_cast<const Lattice*>(tables.lattices->get()),
                                    .g_strides = {},
                                    .groups = static_cast<int>(op.groups),
                                    .channels = static_cast<int>(op.out_per_group()),
                                    .positions = tables.most_positions,
                                    .window = static_cast<int>(op.window()),
                                    .image_group_stride = image.padded};
  const UnitWeightGradient<Scalar> plan{base, image.padded, chunks.padded,
                                        static_cast<int>(op.kernel.height * op.kernel.width),
                                        static_cast<int>(op.in_per_group())};
  const Launch product = launch_unit_weight_gradient<Scalar>({plan, tables}, device);
  return [=] {
    image.pack();
    product();
  };
}

}  // namespace

Launch conv2d_forward_tensor_core(const Problem& problem, const Tensors& tensors, Device& device) {
  const Conv2d op(problem);
  if (op.is_empty()) return [] {};
  return with_scalar(problem.dtype,
                     [&](auto tag) { return prepare_forward<typename decltype(tag)::type>(op, tensors, device); });
}

Launch conv2d_backward_tensor_core(const Problem& problem, const Tensors& tensors, Device& device) {
  const Conv2d op(problem);
  const bool innermost = channels_are_innermost(problem);
  return with_scalar(problem.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    if (op.is_empty()) return prepare_empty_backward<Scalar>(op, tensors, device);
    const auto g = chunked_image<Scalar>(image_view(tensors.inputs[2]), op.groups, device);
    const Launch d_x = prepare_data_gradient<Scalar>(op, tensors, g, device);
    const Launch d_weight = prepare_weight_gradient<Scalar>(op, tensors, g, device);
    const Launch d_bias = op.bias ? prepare_bias_gradient<Scalar>(op, weight_gradient<Scalar>(problem, tensors, device),
                                                                  innermost, tensors.outputs[2], device)
                                  : Launch([] {});
    return [=] {
      g.pack();
      d_x();
      d_weight();
      d_bias();
    };
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
