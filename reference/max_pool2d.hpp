// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/plan/operator.hpp"

namespace lockstep {

/// How windows lie along one axis: output o covers positions o stride - padding + k dilation, k < kernel, of those that
/// lie inside [0, extent).
struct PoolAxis {
  std::int64_t extent = 0, outputs = 0, kernel = 1, stride = 1, padding = 0, dilation = 1;

  /// First position of output o's window that is not padding; may lie past the extent where dilation jumps over all of it.
  std::int64_t first(std::int64_t o) const;
  /// One past the last position of output o's window.
  std::int64_t end(std::int64_t o) const;
  /// The outputs whose windows span a position are [first_output, last_output]; with dilation some of them skip it.
  std::int64_t first_output(std::int64_t position) const;
  std::int64_t last_output(std::int64_t position) const;
};

/// Maximum over sliding windows (semantics of torch.nn.functional.max_pool2d with return_indices=True).
///
///   y[n, c, i, j] = max over k, l of x[n, c, i sH - pH + k dH, j sW - pW + l dW], padding counting as -infinity
///   indices[n, c, i, j] = h * W + w of the maximum: of equal ones the first, of several NaN the last
///   d_x[n, c, h, w] = sum of g_y over the outputs whose index is h * W + w
///
/// A NaN is greater than everything. A window of -infinity has the index of its first element; a window without any
/// element, which only dilation makes, gives -infinity with the index behind the plane at which its first element would
/// lie, and no gradient.
/// Shapes: x, d_x [N, C, H, W] or [C, H, W], seen as [planes, H, W]; y, indices, g_y the same with the output's extents.
/// Output extent: floor((H + 2p - d (k - 1) - 1) / s) + 1; with ceil_mode rounded up, less a last window that would begin
/// behind the input and its padding.
/// Parameters (default), each one number for both axes or two, HxW: kernel_size, stride (none: kernel_size), padding (0),
/// dilation (1); ceil_mode (false). Dtypes: x, y and gradients f32, f16, bf16; indices i64. y is a pure copy; gradients are
/// summed in f32. Backward takes x, the forward's indices, g_y.
/// Refused: other ranks; no channel or an empty plane; stride 0; padding over half the kernel; an output without elements.
struct MaxPool2d {
  std::int64_t planes = 1;
  PoolAxis vertical, horizontal;
  Shape input_shape, output_shape;

  /// Reads and checks the problem; throws Refused with PyTorch's message.
  explicit MaxPool2d(const Problem& problem);
  std::int64_t plane_inputs() const { return vertical.extent * horizontal.extent; }
  std::int64_t plane_outputs() const { return vertical.outputs * horizontal.outputs; }
};

std::vector<Fault> max_pool2d_faults(const Problem& problem);

}  // namespace lockstep
