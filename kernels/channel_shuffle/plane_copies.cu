// SPDX-License-Identifier: Apache-2.0
// Idea: a shuffle moves whole planes, so memory is seen as units of 16 bytes (8, 4 or 2 where planes are no multiple of 16
// bytes or lie off the boundary) and each unit of the output is copied from its place in the source plane. Units carry no
// type: one kernel serves every dtype, and no bit changes.
// Layout: threads walk the output in order, whatever the size of a plane: many small planes share a block, a large plane
// spreads over several, and no lane idles at a plane's end. channels_last is the same with planes of one element.
// Fast because: stores are contiguous across the grid and loads within each plane; all loads of a thread are in flight
// before its first store; finding the source costs three multiplications by reciprocals.
#include <algorithm>

#include "kernels/channel_shuffle/shuffle_map.cuh"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/rows.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kThreads = 256;

/// Enough units per thread to keep 32 KB and more in flight on a multiprocessor.
template <class Unit>
constexpr int kUnitsPerThread = sizeof(Unit) == 16 ? 4 : 8;

/// Rows of a plane that lie apart: units in a row, rows in a plane, and the distance between rows of x and of y.
struct PlaneRows {
  FastDivision row_units;
  unsigned rows;
  std::int64_t x_pitch, y_pitch;
};

template <class Unit, bool kHasGaps>
__global__ void __launch_bounds__(kThreads)
    plane_copies(const Unit* __restrict__ x, Unit* __restrict__ y, unsigned units, FastDivision plane_units,
                 ShuffleMap map, PlaneRows plane_rows) {
  constexpr int kCount = kUnitsPerThread<Unit>;
  const unsigned first = blockIdx.x * (kCount * kThreads) + threadIdx.x;
  Unit held[kCount];
  std::int64_t targets[kCount];
#pragma unroll
  for (int k = 0; k < kCount; ++k) {
    const unsigned unit = first + static_cast<unsigned>(k) * kThreads;
    if (unit < units) {
      const unsigned plane = plane_units.quotient(unit), within = unit - plane * plane_units.divisor();
      const unsigned channel = plane - map.channels.quotient(plane) * map.channels.divisor();
      const unsigned position = map.groups.quotient(channel), group = channel - position * map.groups.divisor();
      const unsigned source = plane - channel + group * map.per_group + position;
      if (kHasGaps) {
        const unsigned row = plane_rows.row_units.quotient(within),
                       column = within - row * plane_rows.row_units.divisor();
        held[k] = x[(static_cast<std::int64_t>(source) * plane_rows.rows + row) * plane_rows.x_pitch + column];
        targets[k] = (static_cast<std::int64_t>(plane) * plane_rows.rows + row) * plane_rows.y_pitch + column;
      } else {
        held[k] = x[source * plane_units.divisor() + within];
        targets[k] = unit;
      }
    }
  }
#pragma unroll
  for (int k = 0; k < kCount; ++k)
    if (first + static_cast<unsigned>(k) * kThreads < units) y[targets[k]] = held[k];
}

struct Layouts {
  /// Elements of a plane, and of a row of it; equal where planes have no gaps.
  std::int64_t plane = 1, row = 1;
  std::int64_t images = 1, x_pitch = 1, y_pitch = 1;
};

/// Channels innermost: every pixel is an image of one-element planes. Else planes, with gaps behind their rows or without.
Layouts layouts_of(const ChannelShuffle& op, const TensorView& x, const TensorView& y) {
  if (!x.is_contiguous() && x.strides[1] == 1) return {.images = op.batch * op.plane};
  const std::int64_t row = x.is_contiguous() ? op.plane : op.shape.back();
  return {
      .plane = op.plane, .row = row, .images = op.batch, .x_pitch = row_pitch(x, row), .y_pitch = row_pitch(y, row)};
}

template <class Unit>
Launch launch_of(const ChannelShuffle& op, Direction direction, const Tensors& tensors, Device& device) {
  const TensorView x = tensors.inputs[0], y = tensors.outputs[0];
  const Layouts layouts = layouts_of(op, x, y);
  const auto per_unit = static_cast<std::int64_t>(sizeof(Unit) / size_in_bytes(x.dtype));
  const std::int64_t plane_units = layouts.plane / per_unit, image_units = plane_units * op.channels;
  const bool has_gaps = layouts.x_pitch != layouts.row || layouts.y_pitch != layouts.row;
  const PlaneRows rows{FastDivision(static_cast<unsigned>(layouts.row / per_unit)),
                       static_cast<unsigned>(layouts.plane / layouts.row), layouts.x_pitch / per_unit,
                       layouts.y_pitch / per_unit};
  const FastDivision plane(static_cast<unsigned>(plane_units));
  const ShuffleMap map = shuffle_map(op, direction);
  const std::int64_t slice = images_per_launch(image_units),
                     planes_per_image = op.channels * (layouts.plane / layouts.row);
  return [=, stream = device.stream()] {
    for (std::int64_t image = 0; image < layouts.images; image += slice) {
      const std::int64_t units = std::min(slice, layouts.images - image) * image_units;
      constexpr std::int64_t kPerBlock = kUnitsPerThread<Unit> * kThreads;
      const LaunchShape shape{(units + kPerBlock - 1) / kPerBlock, kThreads, 0};
      launch(has_gaps ? plane_copies<Unit, true> : plane_copies<Unit, false>, shape, stream,
             x.as<const Unit>() + image * planes_per_image * rows.x_pitch,
             y.as<Unit>() + image * planes_per_image * rows.y_pitch, static_cast<unsigned>(units), plane, map, rows);
    }
  };
}

/// The widest unit into which planes divide and on whose boundary both tensors begin.
std::size_t unit_bytes(const ChannelShuffle& op, const TensorView& x, const TensorView& y) {
  const Layouts layouts = layouts_of(op, x, y);
  const std::size_t element = size_in_bytes(x.dtype);
  for (const std::size_t bytes : {std::size_t{16}, std::size_t{8}, std::size_t{4}}) {
    const auto divides = [&](std::int64_t elements) {
      return static_cast<std::size_t>(elements) * element % bytes == 0;
    };
    if (divides(layouts.row) && divides(layouts.x_pitch) && divides(layouts.y_pitch) && x.is_aligned(bytes) &&
        y.is_aligned(bytes))
      return bytes;
  }
  return element;
}

Launch launch_for(Direction direction, const Problem& problem, const Tensors& tensors, Device& device) {
  const ChannelShuffle op(problem);
  if (element_count(op.shape) == 0) return [] {};
  switch (unit_bytes(op, tensors.inputs[0], tensors.outputs[0])) {
    case 16: return launch_of<uint4>(op, direction, tensors, device);
    case 8: return launch_of<uint2>(op, direction, tensors, device);
    case 4: return launch_of<unsigned>(op, direction, tensors, device);
    default: return launch_of<unsigned short>(op, direction, tensors, device);
  }
}

}  // namespace

Launch channel_shuffle_forward_plane_copies(const Problem& problem, const Tensors& tensors, Device& device) {
  return launch_for(Direction::forward, problem, tensors, device);
}

Launch channel_shuffle_backward_plane_copies(const Problem& problem, const Tensors& tensors, Device& device) {
  return launch_for(Direction::backward, problem, tensors, device);
}

}  // namespace lockstep::LOCKSTEP_BACKEND
