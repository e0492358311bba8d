// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "harness/device/device.hpp"
#include "harness/plan/implementation.hpp"
#include "kernels/conv2d/geometry.hpp"
#include "kernels/conv2d/windows.cuh"

// Host side of windows.cuh: tables and strides of a problem.
namespace lockstep::LOCKSTEP_BACKEND {

/// Tables on the device; they live as long as the launch that reads them.
struct WindowTables {
  std::shared_ptr<DeviceMemory> taps, lattices;
  int lattice_count, most_positions = 0, most_taps = 0;

  WindowTables(const std::vector<Tap>& all_taps, const std::vector<Lattice>& all_lattices, Device& device)
      : taps(upload(all_taps, device)),
        lattices(upload(all_lattices, device)),
        lattice_count(static_cast<int>(all_lattices.size())) {
    for (const Lattice& lattice : all_lattices) {
      most_positions = std::max(most_positions, lattice.count);
      most_taps = std::max(most_taps, lattice.taps);
    }
  }

 private:
  template <class Entry>
  static std::shared_ptr<DeviceMemory> upload(const std::vector<Entry>& entries, Device& device) {
    const std::size_t bytes = std::max<std::size_t>(entries.size(), 1) * sizeof(Entry);
    auto memory = std::make_shared<DeviceMemory>(device, bytes);
    if (!entries.empty()) device.copy_to_device(memory->get(), entries.data(), entries.size() * sizeof(Entry));
    return memory;
  }
};

inline ImageStrides strides_of_image(const ImageView& view) {
  return {static_cast<int>(view.image_stride), static_cast<int>(view.channel_stride), static_cast<int>(view.row_stride),
          static_cast<int>(view.column_stride)};
}

template <class Scalar>
WindowedImage<Scalar> windowed(const ImageView& view) {
  return {view.tensor.template as<const Scalar>(), strides_of_image(view), static_cast<int>(view.height),
          static_cast<int>(view.width)};
}

inline FastDivision division_by(std::int64_t extent) {
  return FastDivision(static_cast<unsigned>(std::max<std::int64_t>(extent, 1)));
}

/// Calls visit(channel, r, s) in the order in which the numbers lie in memory, so that neighbouring taps are neighbours.
template <class Visit>
void for_each_tap(std::int64_t channels, const PerAxis& kernel, bool channels_innermost, Visit visit) {
  const std::int64_t elements = kernel.height * kernel.width;
  for (std::int64_t i = 0; i < channels * elements; ++i) {
    const std::int64_t channel = channels_innermost ? i % channels : i / elements;
    const std::int64_t element = channels_innermost ? i / channels : i % elements;
    visit(static_cast<int>(channel), static_cast<int>(element / kernel.width),
          static_cast<int>(element % kernel.width));
  }
}

/// What counts as a tap: single channels, or chunks of channels that are moved at once. `channels` of them in a group,
/// `distance` elements of the image apart; weight(channel, r, s) is where the weight of one lies.
template <class WeightPlace>
struct TapLayout {
  std::int64_t channels;
  int distance;
  bool channels_innermost;
  WeightPlace weight;
};

/// Windows of the forward over x: one lattice, the positions of y.
template <class WeightPlace>
WindowTables forward_tables(const Conv2d& op, const ImageStrides& x, const TapLayout<WeightPlace>& layout,
                            Device& device) {
  std::vector<Tap> taps;
  for_each_tap(layout.channels, op.kernel, layout.channels_innermost, [&](int c, int r, int s) {
    const int row = r * static_cast<int>(op.dilation.height), column = s * static_cast<int>(op.dilation.width);
    taps.push_back({c * layout.distance + row * x.row + column * x.column, row, column, layout.weight(c, r, s)});
  });
  Lattice lattice;
  lattice.per_image = division_by(op.out_size.height * op.out_size.width);
  lattice.per_row = division_by(op.out_size.width);
  lattice.count = static_cast<int>(op.images * op.out_size.height * op.out_size.width);
  lattice.row_step = static_cast<int>(op.stride.height);
  lattice.column_step = static_cast<int>(op.stride.width);
  lattice.first_row = -static_cast<int>(op.padding.height);
  lattice.first_column = -static_cast<int>(op.padding.width);
  lattice.taps = static_cast<int>(taps.size());
  return {taps, {lattice}, device};
}

inline WindowTables forward_tables(const Conv2d& op, const ImageView& x, bool channels_innermost, Device& device) {
  const auto weight = [&op](int c, int r, int s) {
    return static_cast<int>((c * op.kernel.height + r) * op.kernel.width + s);
  };
  const ImageStrides strides = strides_of_image(x);
  return forward_tables(op, strides, TapLayout{op.in_per_group(), strides.channel, channels_innermost, weight}, device);
}

/// Phases of the stride along one axis that x has rows (or columns) in.
inline std::int64_t phases(std::int64_t stride, std::int64_t size) { return std::min(stride, size); }

/// Windows of the gradient of x over g: a lattice per phase. Row `phase + i stride` of x meets the kernel's row r in
/// row i + (phase + padding - r dilation) / stride of g, where that divides.
template <class WeightPlace>
WindowTables data_gradient_tables(const Conv2d& op, const ImageStrides& g, const TapLayout<WeightPlace>& layout,
                                  const ImageView& d_x, Device& device) {
  std::vector<Tap> taps;
  std::vector<Lattice> lattices;
  for (std::int64_t row_phase = 0; row_phase < phases(op.stride.height, op.size.height); ++row_phase)
    for (std::int64_t column_phase = 0; column_phase < phases(op.stride.width, op.size.width); ++column_phase) {
      Lattice lattice;
      const std::int64_t rows = (op.size.height - row_phase + op.stride.height - 1) / op.stride.height;
      const std::int64_t columns = (op.size.width - column_phase + op.stride.width - 1) / op.stride.width;
      lattice.per_image = division_by(rows * columns);
      lattice.per_row = division_by(columns);
      lattice.count = static_cast<int>(op.images * rows * columns);
      lattice.first_tap = static_cast<int>(taps.size());
      lattice.first_out = static_cast<int>(row_phase * d_x.row_stride + column_phase * d_x.column_stride);
      for_each_tap(layout.channels, op.kernel, layout.channels_innermost, [&](int o, int r, int s) {
        const std::int64_t down = row_phase + op.padding.height - r * op.dilation.height,
                           across = column_phase + op.padding.width - s * op.dilation.width;
        if (down % op.stride.height != 0 || across % op.stride.width != 0) return;
        const int row = static_cast<int>(down / op.stride.height), column = static_cast<int>(across / op.stride.width);
        taps.push_back({o * layout.distance + row * g.row + column * g.column, row, column, layout.weight(o, r, s)});
      });
      lattice.taps = static_cast<int>(taps.size()) - lattice.first_tap;
      lattices.push_back(lattice);
    }
  return {taps, lattices, device};
}

inline WindowTables data_gradient_tables(const Conv2d& op, const ImageView& g, const ImageView& d_x,
                                         bool channels_innermost, Device& device) {
  const auto weight = [&op](int o, int r, int s) {
    return static_cast<int>(o * op.window() + r * op.kernel.width + s);
  };
  const ImageStrides strides = strides_of_image(g);
  return data_gradient_tables(op, strides, TapLayout{op.out_per_group(), strides.channel, channels_innermost, weight},
                              d_x, device);
}

/// A plan with the tables it points into.
template <class Plan>
struct WithTables {
  Plan plan;
  WindowTables tables;
};

template <class Scalar>
WithTables<WindowProduct<Scalar>> forward_product(const Problem& problem, const Tensors& tensors, Device& device) {
  const Conv2d op(problem);
  const ImageView x = image_view(tensors.inputs[0]), y = image_view(tensors.outputs[0]);
  const WindowTables tables = forward_tables(op, x, channels_are_innermost(problem), device);
  const WindowProduct<Scalar> plan{
      .image = windowed<Scalar>(x),
      .weight = tensors.inputs[1].as<const Scalar>(),
      .bias = op.bias ? tensors.inputs[2].as<const Scalar>() : nullptr,
      .out = y.tensor.template as<Scalar>(),
      .taps = static_cast<const Tap*>(tables.taps->get()),
      .lattices = static_cast<const Lattice*>(tables.lattices->get()),
      .out_strides = strides_of_image(y),
      .lattice_count = tables.lattice_count,
      .groups = static_cast<int>(op.groups),
      .channels = static_cast<int>(op.out_per_group()),
      .most_positions = tables.most_positions,
      .image_group_stride = static_cast<int>(op.in_per_group() * x.channel_stride),
      .weight_group_stride = static_cast<int>(op.out_per_group() * op.window()),
      .weight_channel_stride = static_cast<int>(op.window()),
  };
  return {plan, tables};
}

template <class Scalar>
WithTables<WindowProduct<Scalar>> data_gradient_product(const Problem& problem, const Tensors& tensors,
                                                        Device& device) {
  const Conv2d op(problem);
  const ImageView g = image_view(tensors.inputs[2]), d_x = image_view(tensors.outputs[0]);
  const WindowTables tables = data_gradient_tables(op, g, d_x, channels_are_innermost(problem), device);
  ImageStrides out = strides_of_image(d_x);
  out.row *= static_cast<int>(op.stride.height);
  out.column *= static_cast<int>(op.stride.width);
  const WindowProduct<Scalar> plan{
      .image = windowed<Scalar>(g),
      .weight = tensors.inputs[1].as<const Scalar>(),
      .bias = nullptr,
      .out = d_x.tensor.template as<Scalar>(),
      .taps = static_cast<const Tap*>(tables.taps->get()),
      .lattices = static_cast<const Lattice*>(tables.lattices->get()),
      .out_strides = out,
      .lattice_count = tables.lattice_count,
      .groups = static_cast<int>(op.groups),
      .channels = static_cast<int>(op.in_per_group()),
      .most_positions = tables.most_positions,
      .image_group_stride = static_cast<int>(op.out_per_group() * g.channel_stride),
      .weight_group_stride = static_cast<int>(op.out_per_group() * op.window()),
      .weight_channel_stride = static_cast<int>(op.kernel.height * op.kernel.width),
  };
  return {plan, tables};
}

template <class Scalar>
WithTables<WeightGradient<Scalar>> weight_gradient(const Problem& problem, const Tensors& tensors, Device& device) {
  const Conv2d op(problem);
  const ImageView x = image_view(tensors.inputs[0]), g = image_view(tensors.inputs[2]);
  const WindowTables tables = forward_tables(op, x, channels_are_innermost(problem), device);
  const WeightGradient<Scalar> plan{
      .image = windowed<Scalar>(x),
      .g = g.tensor.template as<const Scalar>(),
      .out = tensors.outputs[1].as<Scalar>(),
      .taps = static_cast<const Tap*>(tables.taps->get()),
      .lattice = static_cast<const Lattice*>(tables.lattices->get()),
      .g_strides = strides_of_image(g),
      .groups = static_cast<int>(op.groups),
      .channels = static_cast<int>(op.out_per_group()),
      .positions = tables.most_positions,
      .window = static_cast<int>(op.window()),
      .image_group_stride = static_cast<int>(op.in_per_group() * x.channel_stride),
  };
  return {plan, tables};
}

}  // namespace lockstep::LOCKSTEP_BACKEND
