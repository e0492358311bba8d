// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>

#include "harness/data/error.hpp"
#include "reference/conv2d.hpp"

namespace lockstep {
namespace {

using Integers = std::vector<std::int64_t>;

/// Where one number is given it holds for both axes. `axes` is what the weight's rank says.
PerAxis per_axis(const char* name, const Integers& given, std::int64_t axes) {
  if (given.size() != 1 && given.size() != static_cast<std::size_t>(axes))
    throw Refused("expected " + std::string(name) + " to be a single integer value or a list of " +
                  std::to_string(axes) + " values to match the convolution dimensions, but got " + name + "=" +
                  to_text(given));
  return {given.front(), given.back()};
}

std::string joined(const PerAxis& extents) {
  return "(" + std::to_string(extents.height) + " x " + std::to_string(extents.width) + ")";
}

std::string dimensional(std::size_t rank) { return std::to_string(rank) + "-dimensional"; }

/// The rows or columns of zeros that `same` asks for.
std::int64_t zeros_for_same(std::int64_t kernel, std::int64_t dilation) { return dilation * (kernel - 1); }

std::int64_t reach(std::int64_t kernel, std::int64_t dilation) { return dilation * (kernel - 1) + 1; }

struct Settings {
  Integers stride, padding, dilation;
  std::string mode;  // of padding, where it is a word
};

Settings settings_of(const Parameters& given) {
  Settings s{
      .stride = given.integers("stride", {1}), .padding = {0}, .dilation = given.integers("dilation", {1}), .mode = {}};
  const std::string padding = given.text("padding", "0");
  const bool is_word = !padding.empty() && std::isalpha(static_cast<unsigned char>(padding[0])) && padding != "empty";
  if (is_word)
    s.mode = padding;
  else
    s.padding = given.integers("padding", {0});
  return s;
}

void check_weight(const Shape& weight, std::int64_t groups) {
  if (weight.size() < 3) throw Refused("weight should have at least three dimensions");
  if (groups <= 0) throw Refused("non-positive groups is not supported");
}

/// PyTorch looks at these before it looks at what they are applied to.
void check_same(const Settings& s, const Shape& x, const Shape& weight) {
  if (weight.size() != x.size())
    throw Refused("Expected " + dimensional(weight.size()) + " input for " + dimensional(weight.size()) + " weight" +
                  to_text(weight) + ", but got " + dimensional(x.size()) + " input of size " + to_text(x) + " instead");
  for (const auto& [name, list] : {std::pair{"stride", &s.stride}, std::pair{"dilation", &s.dilation}})
    if (list->size() != 1 && list->size() != 2) throw Refused(std::string(name) + " cannot broadcast to 2 dimensions");
  if (std::any_of(s.stride.begin(), s.stride.end(), [](std::int64_t step) { return step != 1; }))
    throw Refused("padding='same' is not supported for strided convolutions");
}

/// `x` with a batch, and with the row and column that `same` adds where the zeros are uneven.
void check_shapes(const Conv2d& op, const Shape& x, const Shape* bias) {
  const Shape& weight = op.weight_shape;
  const std::string given = "Given groups=" + std::to_string(op.groups), groups = std::to_string(op.groups);
  if (weight.size() != x.size())
    throw Refused("Expected " + dimensional(weight.size()) + " input for " + dimensional(weight.size()) + " weight " +
                  to_text(weight) + ", but got " + dimensional(x.size()) + " input of size " + to_text(x) + " instead");
  if (weight[0] < op.groups)
    throw Refused(given + ", expected weight to be at least " + groups + " at dimension 0, but got weight of size " +
                  to_text(weight) + " instead");
  if (weight[0] % op.groups != 0)
    throw Refused(given + ", expected weight to be divisible by " + groups +
                  " at dimension 0, but got weight of size [" + to_text(weight) + "] instead");
  if (x[1] != weight[1] * op.groups)
    throw Refused(given + ", weight of size " + to_text(weight) + ", expected input" + to_text(x) + " to have " +
                  std::to_string(weight[1] * op.groups) + " channels, but got " + std::to_string(x[1]) +
                  " channels instead");
  if (bias && *bias != Shape{weight[0]})
    throw Refused("Given weight of size " + to_text(weight) + ", expected bias to be 1-dimensional with " +
                  std::to_string(weight[0]) + " elements, but got bias of size " + to_text(*bias) + " instead");
  const PerAxis padded{op.size.height + op.padding.height + op.padding_after.height,
                       op.size.width + op.padding.width + op.padding_after.width};
  const PerAxis window{reach(op.kernel.height, op.dilation.height), reach(op.kernel.width, op.dilation.width)};
  if (padded.height < window.height || padded.width < window.width)
    throw Refused("Calculated padded input size per channel: " + joined(padded) + ". Kernel size: " + joined(window) +
                  ". Kernel size can't be greater than actual input size");
  if (op.is_empty()) return;
  if (op.size.height == 0 || op.size.width == 0)
    throw Refused("Only zero batch or zero channel inputs are supported, but got input shape: " + to_text(x));
  if (op.kernel.height == 0 || op.kernel.width == 0)
    throw Refused("kernel size should be greater than zero, but got kernel_height: " +
                  std::to_string(op.kernel.height) + " kernel_width: " + std::to_string(op.kernel.width));
}

void check_steps(const Conv2d& op) {
  if (std::min({op.padding.height, op.padding.width, op.padding_after.height, op.padding_after.width}) < 0)
    throw Refused("negative padding is not supported");
  if (std::min(op.stride.height, op.stride.width) <= 0) throw Refused("non-positive stride is not supported");
  if (std::min(op.dilation.height, op.dilation.width) <= 0)
    throw Refused("dilation should be greater than zero, but got " + to_text({op.dilation.height, op.dilation.width}));
}

}  // namespace

Conv2d::Conv2d(const Problem& problem) : x_shape(problem.shape("x")), weight_shape(problem.shape("weight")) {
  const Parameters& given = problem.parameters;
  groups = given.integer("groups", 1);
  bias = given.boolean("bias", true);
  const Settings settings = settings_of(given);

  if (x_shape.size() != 3 && x_shape.size() != 4)
    throw Refused("Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: " +
                  to_text(x_shape));
  Shape batched = x_shape;
  if (batched.size() == 3) batched.insert(batched.begin(), 1);
  if (!settings.mode.empty() && settings.mode != "same" && settings.mode != "valid")
    throw Refused("Invalid padding string: '" + settings.mode + "'");
  check_weight(weight_shape, groups);
  const bool same = settings.mode == "same";
  if (same) check_same(settings, batched, weight_shape);
  const auto axes = static_cast<std::int64_t>(weight_shape.size()) - 2;
  stride = per_axis("stride", settings.stride, axes);
  padding = padding_after = per_axis("padding", settings.padding, axes);
  dilation = per_axis("dilation", settings.dilation, axes);
  images = batched[0];
  in_channels = batched[1];
  size = {batched[2], batched[3]};
  out_channels = weight_shape[0];
  if (weight_shape.size() == 4) kernel = {weight_shape[2], weight_shape[3]};
  if (same) {
    const PerAxis zeros{zeros_for_same(kernel.height, dilation.height), zeros_for_same(kernel.width, dilation.width)};
    padding = {zeros.height / 2, zeros.width / 2};
    padding_after = {zeros.height - padding.height, zeros.width - padding.width};
    batched[2] += padding_after.height - padding.height;
    batched[3] += padding_after.width - padding.width;
  }
  check_steps(*this);
  check_shapes(*this, batched, bias ? problem.find_shape("bias") : nullptr);

  const auto steps = [](std::int64_t padded, std::int64_t window, std::int64_t step) {
    return (padded - window) / step + 1;
  };
  out_size = {
      steps(size.height + padding.height + padding_after.height, reach(kernel.height, dilation.height), stride.height),
      steps(size.width + padding.width + padding_after.width, reach(kernel.width, dilation.width), stride.width)};
  y_shape = {images, in_channels == 0 ? 0 : out_channels, out_size.height, out_size.width};
  if (x_shape.size() == 3) y_shape.erase(y_shape.begin());
}

}  // namespace lockstep
