// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>

#include "harness/plan/formula_operator.hpp"
#include "reference/conv2d.hpp"

namespace lockstep {
namespace {

using WrongEvaluator = std::unique_ptr<Evaluator<double>>;
using Inputs = std::vector<Values>;

/// Nearest number of 11 significant bits, as the conversion instruction gives it (ties away from zero).
double tf32(double value) {
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
  const bool finite = (bits & 0x7f800000u) != 0x7f800000u;
  return finite ? std::bit_cast<float>((bits + 0x1000u) & 0xffffe000u) : value;
}

/// The operator in double with what can be got wrong as settings; without any it gives the right answer. `in` is
/// borrowed. The size of y stays what the problem says, whatever is changed in `op`.
struct Wrong {
  Conv2d op;
  const Inputs& in;
  bool flipped = false;           // the kernel turned round: a convolution in the mathematical sense
  bool edges_repeated = false;    // padding with the nearest element
  bool gaps_filled = false;       // d_x: a row of x between two strides takes the row of y before it
  bool rounded_operands = false;  // to tf32
  bool averaged_bias = false;
  std::int64_t group_shift = 0;     // channels read from a later group
  std::int64_t dropped_terms = 0;   // at the end of every sum of products
  std::int64_t dropped_images = 0;  // at the end of d_weight's and d_bias's sums

  double at(std::size_t input, std::int64_t index) const {
    const double value = in[input][index];
    return rounded_operands ? tf32(value) : value;
  }
  double weight(std::int64_t o, std::int64_t c, std::int64_t r, std::int64_t s) const {
    if (flipped) {
      r = op.kernel.height - 1 - r;
      s = op.kernel.width - 1 - s;
    }
    return at(1, ((o * op.in_per_group() + c) * op.kernel.height + r) * op.kernel.width + s);
  }
  double g(std::int64_t n, std::int64_t o, std::int64_t p, std::int64_t q) const {
    return at(2, ((n * op.out_channels + o) * op.out_size.height + p) * op.out_size.width + q);
  }
  /// Channel c of the group that output o belongs to, or of the one it is taken for.
  double x(std::int64_t n, std::int64_t o, std::int64_t c, std::int64_t row, std::int64_t column) const {
    const std::int64_t group = (o / op.out_per_group() + group_shift) % op.groups;
    if (edges_repeated) {
      row = std::clamp<std::int64_t>(row, 0, op.size.height - 1);
      column = std::clamp<std::int64_t>(column, 0, op.size.width - 1);
    }
    if (row < 0 || row >= op.size.height || column < 0 || column >= op.size.width) return 0.0;
    const std::int64_t channel = group * op.in_per_group() + c;
    return at(0, ((n * op.in_channels + channel) * op.size.height + row) * op.size.width + column);
  }

  double y(std::int64_t n, std::int64_t o, std::int64_t p, std::int64_t q) const {
    const std::int64_t row = p * op.stride.height - op.padding.height, column = q * op.stride.width - op.padding.width;
    std::int64_t left = op.window() - dropped_terms;
    double total = 0;
    for (std::int64_t c = 0; c < op.in_per_group(); ++c)
      for (std::int64_t r = 0; r < op.kernel.height; ++r)
        for (std::int64_t s = 0; s < op.kernel.width && left > 0; ++s, --left)
          total += x(n, o, c, row + r * op.dilation.height, column + s * op.dilation.width) * weight(o, c, r, s);
    return op.bias ? total + in[2][o] : total;
  }

  /// The row of y that reads row `at` of the padded x through tap `tap`; -1 for none.
  std::int64_t place(std::int64_t at, std::int64_t tap, std::int64_t stride, std::int64_t dilation,
                     std::int64_t out_size) const {
    const std::int64_t distance = at - tap * dilation;
    if (distance < 0 || distance / stride >= out_size) return -1;
    return distance % stride == 0 || gaps_filled ? distance / stride : -1;
  }
  double d_x(std::int64_t n, std::int64_t channel, std::int64_t row, std::int64_t column) const {
    const std::int64_t group = (channel / op.in_per_group() + group_shift) % op.groups;
    std::int64_t left = op.out_per_group() * op.kernel.height * op.kernel.width - dropped_terms;
    double total = 0;
    for (std::int64_t o = group * op.out_per_group(); o < (group + 1) * op.out_per_group(); ++o)
      for (std::int64_t r = 0; r < op.kernel.height; ++r)
        for (std::int64_t s = 0; s < op.kernel.width && left > 0; ++s, --left) {
          const std::int64_t p = place(row + op.padding.height, r, op.stride.height, op.dilation.height,
                                       op.out_size.height),
                             q = place(column + op.padding.width, s, op.stride.width, op.dilation.width,
                                       op.out_size.width);
          if (p >= 0 && q >= 0) total += g(n, o, p, q) * weight(o, channel % op.in_per_group(), r, s);
        }
    return total;
  }
  double d_weight(std::int64_t o, std::int64_t c, std::int64_t r, std::int64_t s) const {
    if (flipped) {
      r = op.kernel.height - 1 - r;
      s = op.kernel.width - 1 - s;
    }
    std::int64_t left = op.images * op.out_size.height * op.out_size.width - dropped_terms;
    double total = 0;
    for (std::int64_t n = 0; n < op.images - dropped_images; ++n)
      for (std::int64_t p = 0; p < op.out_size.height; ++p)
        for (std::int64_t q = 0; q < op.out_size.width && left > 0; ++q, --left)
          total += g(n, o, p, q) * x(n, o, c, p * op.stride.height - op.padding.height + r * op.dilation.height,
                                     q * op.stride.width - op.padding.width + s * op.dilation.width);
    return total;
  }
  double d_bias(std::int64_t o) const {
    double total = 0;
    for (std::int64_t n = 0; n < op.images - dropped_images; ++n)
      for (std::int64_t p = 0; p < op.out_size.height; ++p)
        for (std::int64_t q = 0; q < op.out_size.width; ++q)
          total += in[2][((n * op.out_channels + o) * op.out_size.height + p) * op.out_size.width + q];
    return averaged_bias ? total / static_cast<double>(op.images * op.out_size.height * op.out_size.width) : total;
  }

  /// The element of a tensor of four axes, of which the last three are given.
  template <class Value>
  static double of_index(std::int64_t index, std::int64_t second, std::int64_t third, std::int64_t last, Value value) {
    const std::int64_t plane = index / (third * last);
    return value(plane / second, plane % second, index / last % third, index % last);
  }
  double element(Direction direction, std::size_t output, std::int64_t index) const {
    if (direction == Direction::forward)
      return of_index(index, op.out_channels, op.out_size.height, op.out_size.width,
                      [this](auto... i) { return y(i...); });
    if (output == 0)
      return of_index(index, op.in_channels, op.size.height, op.size.width, [this](auto... i) { return d_x(i...); });
    if (output == 2) return d_bias(index);
    return of_index(index, op.in_per_group(), op.kernel.height, op.kernel.width,
                    [this](auto... i) { return d_weight(i...); });
  }
};

bool is_one(const PerAxis& value) { return value.height == 1 && value.width == 1; }

/// Makes the evaluator of a wrong answer; `set` turns one setting and says whether the fault can occur on this problem.
template <class Set>
Fault fault(const char* id, const char* description, Set set) {
  return {id, description, [set](const Problem& problem, const Inputs& in) -> WrongEvaluator {
            Wrong wrong{.op = Conv2d(problem), .in = in};
            if (wrong.op.is_empty() || !set(wrong)) return nullptr;
            return std::make_unique<WrongAnswer>(
                [wrong, direction = problem.direction](std::size_t output, std::int64_t index) {
                  return wrong.element(direction, output, index);
                });
          }};
}

}  // namespace

std::vector<Fault> conv2d_faults(const Problem& problem) {
  constexpr std::int64_t kSlice = 8;
  std::vector<Fault> faults{
      fault("padding_one_less", "every window starts one row and one column too late",
            [](Wrong& w) {
              --w.op.padding.height;
              --w.op.padding.width;
              return true;
            }),
      fault("dilation_ignored", "the kernel's elements next to one another",
            [](Wrong& w) {
              const bool dilates = !is_one(w.op.dilation);
              w.op.dilation = {1, 1};
              return dilates;
            }),
      fault("stride_offset", "windows start at the last row and column of their stride instead of the first",
            [](Wrong& w) {
              w.op.padding.height -= w.op.stride.height - 1;
              w.op.padding.width -= w.op.stride.width - 1;
              return !is_one(w.op.stride);
            }),
      fault("axes_swapped", "stride, padding and dilation of height and width exchanged",
            [](Wrong& w) {
              const auto differ = [](const PerAxis& value) { return value.height != value.width; };
              const bool matters = differ(w.op.stride) || differ(w.op.padding) || differ(w.op.dilation);
              for (PerAxis* value : {&w.op.stride, &w.op.padding, &w.op.dilation})
                std::swap(value->height, value->width);
              return matters;
            }),
      fault("kernel_flipped", "the kernel turned by half a turn: a true convolution",
            [](Wrong& w) {
              w.flipped = true;
              return !is_one(w.op.kernel);
            }),
      fault("groups_mixed_up", "channels of the next group",
            [](Wrong& w) {
              w.group_shift = 1;
              return w.op.groups > 1;
            }),
      fault("last_slice_dropped", "the last 8 terms of every sum of products left out",
            [](Wrong& w) {
              w.dropped_terms = kSlice;
              return true;
            }),
      fault("tf32_operands", "operands rounded to tf32 (11 significant bits) before they are multiplied",
            [](Wrong& w) { return w.rounded_operands = true; }),
  };
  if (problem.direction == Direction::forward) {
    faults.push_back(fault("bias_dropped", "bias not added", [](Wrong& w) {
      const bool had = w.op.bias;
      w.op.bias = false;
      return had;
    }));
    faults.push_back(fault("edges_repeated", "padding with the nearest element instead of zeros",
                           [](Wrong& w) { return w.edges_repeated = true; }));
    return faults;
  }
  faults.push_back(
      fault("gaps_filled", "d_x: rows and columns that a stride steps over take part in a window", [](Wrong& w) {
        w.gaps_filled = true;
        return !is_one(w.op.stride);
      }));
  faults.push_back(fault("bias_gradient_averaged", "d_bias divided by the number of positions", [](Wrong& w) {
    w.averaged_bias = true;
    return w.op.bias;
  }));
  faults.push_back(
      fault("last_image_dropped", "d_weight and d_bias without the last image's contribution", [](Wrong& w) {
        w.dropped_images = 1;
        return true;
      }));
  return faults;
}

}  // namespace lockstep
