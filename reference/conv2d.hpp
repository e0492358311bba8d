// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/operator.hpp"

namespace lockstep {

/// A value for each spatial axis.
struct PerAxis {
  std::int64_t height = 1, width = 1;
};

/// Two-dimensional convolution, in truth a correlation: the kernel is not flipped (semantics of
/// torch.nn.functional.conv2d; Dumoulin and Visin 2016, arXiv 1603.07285, for the sizes).
///
///   y[n, o, p, q] = sum over c, r, s of x[n, g C/G + c, p stride - padding + r dilation, likewise q, s]
///                   * weight[o, c, r, s] + bias[o]                            g = o / (O/G), c < C/G
///   d_x[n, i, h, w] = sum of g_y[n, o, p, q] * weight[o, c, r, s] over all o, p, q, r, s for which y reads x there
///   d_weight[o, c, r, s] = sum over n, p, q of g_y[n, o, p, q] * x[as above]   d_bias[o] = sum over n, p, q of g_y
///
/// Shapes: x, d_x [N, C, H, W] or [C, H, W]; weight, d_weight [O, C/G, R, S]; bias, d_bias [O]; y, g_y [N, O, P, Q] or
/// [O, P, Q] with P = (H + padding on both sides - dilation (R - 1) - 1) / stride + 1, rounded down. An x without
/// channels gives a y without channels, whatever O is.
/// x is surrounded by zeros: one that meets an infinite weight makes a NaN, as in PyTorch; d_x takes no part of them.
/// Parameters (default): stride (1), padding (0; `same` for P = H, where an odd number of zeros has one more at the end;
/// `valid` for 0), dilation (1), each one number or one per axis; groups G (1); bias (true).
/// Dtypes: f32, f16, bf16; sums in f32, in any order, the bias among their terms.
/// Refused, with PyTorch's messages: other ranks; no groups; channels or outputs that groups do not divide; no stride or
/// dilation, a negative padding; a kernel larger than the padded input; an empty kernel or plane unless there are no
/// images or no channels; `same` with a stride; a bias of another length.
struct Conv2d {
  std::int64_t images = 1, in_channels = 0, out_channels = 0, groups = 1;
  PerAxis size, kernel, out_size;  // H and W, R and S, P and Q
  PerAxis stride, dilation;
  PerAxis padding{0, 0}, padding_after{0, 0};  // zeros before the first row or column, and behind the last
  bool bias = true;
  Shape x_shape, weight_shape, y_shape;

  /// Reads and checks the problem; throws Refused with PyTorch's message.
  explicit Conv2d(const Problem& problem);

  std::int64_t in_per_group() const { return weight_shape[1]; }
  std::int64_t out_per_group() const { return out_channels / groups; }
  /// Products behind an element of y, padding counted.
  std::int64_t window() const { return in_per_group() * kernel.height * kernel.width; }
  /// Neither x nor y has elements: gradients of weight and bias are zeros.
  bool is_empty() const { return images == 0 || in_channels == 0; }
};

/// What an implementation might get wrong in this direction; see faults() of Operator.
std::vector<Fault> conv2d_faults(const Problem& problem);

}  // namespace lockstep
