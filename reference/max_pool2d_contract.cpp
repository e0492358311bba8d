// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "harness/data/error.hpp"
#include "reference/max_pool2d.hpp"

namespace lockstep {
namespace {

std::int64_t divided_down(std::int64_t a, std::int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0); }
std::int64_t divided_up(std::int64_t a, std::int64_t b) { return -divided_down(-a, b); }

using Pair = std::vector<std::int64_t>;

/// A parameter of one number for both axes, or of two.
Pair pair_of(const Problem& problem, const char* name, const Pair& fallback, const char* refusal) {
  if (problem.parameters.is_none(name))
    throw Refused("max_pool2d(): argument '" + std::string(name) + "' must be tuple of ints, not NoneType");
  const Pair given = problem.parameters.integers(name, fallback);
  if (given.empty() || given.size() > 2) throw Refused(std::string("max_pool2d: ") + refusal);
  return {given.front(), given.back()};
}

Pair stride_of(const Problem& problem, const Pair& kernel) {
  if (problem.parameters.is_none("stride") || problem.parameters.integers("stride", {}).empty()) return kernel;
  return pair_of(problem, "stride", kernel, "stride must either be omitted, a single int, or a tuple of two ints");
}

/// The number of outputs along the axis; refuses what PyTorch refuses while it computes that number.
void count_outputs(PoolAxis& axis, bool ceil_mode) {
  if (axis.stride == 0) throw Refused("stride should not be zero");
  const std::string pad = std::to_string(axis.padding);
  if (axis.padding < 0) throw Refused("pad must be non-negative, but got pad: " + pad);
  if (axis.padding > axis.kernel / 2)
    throw Refused("pad should be at most half of kernel size, but got pad=" + pad +
                  " and kernel_size=" + std::to_string(axis.kernel));
  const std::int64_t room = axis.extent + 2 * axis.padding - axis.dilation * (axis.kernel - 1) - 1;
  axis.outputs = divided_down(room + (ceil_mode ? axis.stride - 1 : 0), axis.stride) + 1;
  if (ceil_mode && (axis.outputs - 1) * axis.stride >= axis.extent + axis.padding) --axis.outputs;
}

void require_positive(const char* what, const char* name, std::int64_t height, std::int64_t width) {
  if (height > 0 && width > 0) return;
  throw Refused(std::string(what) + " should be greater than zero, but got " + name + "H: " + std::to_string(height) +
                " " + name + "W: " + std::to_string(width));
}

}  // namespace

std::int64_t PoolAxis::first(std::int64_t o) const {
  const std::int64_t start = o * stride - padding;
  return start >= 0 ? start : start + divided_up(-start, dilation) * dilation;
}

std::int64_t PoolAxis::end(std::int64_t o) const {
  return std::min(o * stride - padding + (kernel - 1) * dilation + 1, extent);
}

std::int64_t PoolAxis::first_output(std::int64_t position) const {
  return std::max<std::int64_t>(divided_up(position + padding - (kernel - 1) * dilation, stride), 0);
}

std::int64_t PoolAxis::last_output(std::int64_t position) const {
  return std::min((position + padding) / stride, outputs - 1);
}

MaxPool2d::MaxPool2d(const Problem& problem) : input_shape(problem.shape("x")) {
  if (!problem.parameters.has("kernel_size"))
    throw Error("max_pool2d, x=" + to_label(input_shape) + ": parameter kernel_size is missing; accepted: 3 or 3x2");
  const Pair kernel =
      pair_of(problem, "kernel_size", {}, "kernel_size must either be a single int, or a tuple of two ints");
  const Pair stride = stride_of(problem, kernel);
  const Pair padding =
      pair_of(problem, "padding", {0}, "padding must be either be a single int, or a tuple of two ints");
  const Pair dilation =
      pair_of(problem, "dilation", {1}, "dilation must be either a single int, or a tuple of two ints");
  const bool ceil_mode = problem.parameters.boolean("ceil_mode", false);

  const std::size_t rank = input_shape.size();
  if (rank != 3 && rank != 4) throw Refused("non-empty 3D or 4D (batch mode) tensor expected for input");
  vertical = {input_shape[rank - 2], 0, kernel[0], stride[0], padding[0], dilation[0]};
  horizontal = {input_shape[rank - 1], 0, kernel[1], stride[1], padding[1], dilation[1]};
  count_outputs(vertical, ceil_mode);
  count_outputs(horizontal, ceil_mode);

  require_positive("kernel size", "k", kernel[0], kernel[1]);
  require_positive("stride", "d", stride[0], stride[1]);
  require_positive("dilation", "dilation", dilation[0], dilation[1]);
  const std::int64_t channels = input_shape[rank - 3];
  if (channels == 0 || plane_inputs() == 0)
    throw Refused("Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:" +
                  to_text(input_shape));
  if (vertical.outputs < 1 || horizontal.outputs < 1) {
    const auto extents = [&](std::int64_t height, std::int64_t width) {
      return "(" + std::to_string(channels) + "x" + std::to_string(height) + "x" + std::to_string(width) + ")";
    };
    throw Refused("Given input size: " + extents(vertical.extent, horizontal.extent) + ". Calculated output size: " +
                  extents(vertical.outputs, horizontal.outputs) + ". Output size is too small");
  }
  planes = element_count(Shape(input_shape.begin(), input_shape.end() - 2));
  output_shape = input_shape;
  output_shape[rank - 2] = vertical.outputs;
  output_shape[rank - 1] = horizontal.outputs;
}

}  // namespace lockstep
