// SPDX-License-Identifier: Apache-2.0
#include "reference/models/shuffle_net.hpp"

#include "harness/autograd/views.hpp"
#include "harness/data/error.hpp"

namespace lockstep {

ConvNormLayer::ConvNormLayer(const ModelOptions& options, const Conv2dSizes& sizes, const std::string& conv_name,
                             const std::string& norm_name, bool has_relu)
    : conv_(add_child(conv_name, std::make_shared<Conv2dLayer>(options.within(conv_name), sizes))),
      norm_(add_child(norm_name, std::make_shared<BatchNormLayer>(options.within(norm_name), sizes.out_channels))),
      has_relu_(has_relu) {}

Variable ConvNormLayer::forward(Autograd& autograd, const Variable& x) {
  const Variable y = (*norm_)(autograd, (*conv_)(autograd, x));
  return has_relu_ ? relu(autograd, y) : y;
}

ShuffleUnit::ShuffleUnit(const ModelOptions& options, std::int64_t in_channels, std::int64_t out_channels,
                         std::int64_t stride) {
  if (out_channels % 2 != 0 || (stride == 1 && in_channels != out_channels))
    throw Error("a shuffle unit from " + std::to_string(in_channels) + " to " + std::to_string(out_channels) +
                " channels with stride " + std::to_string(stride) +
                "; accepted: an even number, and with stride 1 as many as come in");
  const std::int64_t half = out_channels / 2;
  // torchvision counts the relu behind a norm too.
  const auto layer = [&](const std::string& branch, int position, const Conv2dSizes& sizes, bool has_relu) {
    const auto name = [&](int number) { return branch + "." + std::to_string(number); };
    return add_child("", std::make_shared<ConvNormLayer>(options, sizes, name(position), name(position + 1), has_relu));
  };
  const auto pointwise = [&](std::int64_t in) { return Conv2dSizes{in, half, 1, 1, 0}; };
  const auto depthwise = [&](std::int64_t channels) { return Conv2dSizes{channels, channels, 3, stride, 1, channels}; };
  if (stride != 1) {
    branch1_.push_back(layer("branch1", 0, depthwise(in_channels), false));
    branch1_.push_back(layer("branch1", 2, pointwise(in_channels), true));
  }
  branch2_.push_back(layer("branch2", 0, pointwise(stride == 1 ? half : in_channels), true));
  branch2_.push_back(layer("branch2", 3, depthwise(half), false));
  branch2_.push_back(layer("branch2", 5, pointwise(half), true));
}

Variable ShuffleUnit::forward(Autograd& autograd, const Variable& x) {
  Variable first = x, second = x;
  if (branch1_.empty()) {
    const std::int64_t half = x.shape()[1] / 2;
    first = narrow(autograd, x, 1, 0, half);
    second = narrow(autograd, x, 1, half, half);
  }
  for (const auto& layer : branch1_) first = (*layer)(autograd, first);
  for (const auto& layer : branch2_) second = (*layer)(autograd, second);
  return channel_shuffle(autograd, concatenate(autograd, {first, second}, 1), 2);
}

ShuffleNet::ShuffleNet(const ModelOptions& options, const ShuffleNetSizes& sizes) : large_images_(sizes.large_images) {
  const auto layer = [&](const std::string& name, const Conv2dSizes& of_conv) {
    return add_child("", std::make_shared<ConvNormLayer>(options, of_conv, name + ".0", name + ".1", true));
  };
  stem_ = layer("conv1", {sizes.in_channels, sizes.stem, 3, large_images_ ? 2 : 1, 1});
  std::int64_t channels = sizes.stem;
  for (std::size_t stage = 0; stage < sizes.channels.size(); ++stage)
    for (int index = 0; index < sizes.units[stage]; ++index) {
      const std::string name = "stage" + std::to_string(stage + 2) + "." + std::to_string(index);
      const std::int64_t out = sizes.channels[stage], stride = index == 0 ? 2 : 1;
      units_.push_back(add_child(name, std::make_shared<ShuffleUnit>(options.within(name), channels, out, stride)));
      channels = out;
    }
  last_ = layer("conv5", {channels, sizes.last, 1, 1, 0});
  classifier_ = add_child("fc", std::make_shared<LinearLayer>(options.within("fc"), sizes.last, sizes.classes));
}

Variable ShuffleNet::forward(Autograd& autograd, const Variable& x) {
  Variable h = (*stem_)(autograd, x);
  if (large_images_) h = max_pool2d(autograd, h, 3, 2, 1);
  for (const auto& unit : units_) h = (*unit)(autograd, h);
  return (*classifier_)(autograd, mean(autograd, (*last_)(autograd, h), {2, 3}));
}

}  // namespace lockstep
