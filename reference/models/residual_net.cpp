// SPDX-License-Identifier: Apache-2.0
#include "reference/models/residual_net.hpp"

#include "harness/autograd/views.hpp"

namespace lockstep {

ResidualBlock::ResidualBlock(const ModelOptions& options, std::int64_t in_channels, std::int64_t width,
                             std::int64_t stride) {
  const auto conv = [&](const std::string& name, const Conv2dSizes& sizes) {
    return add_child(name, std::make_shared<Conv2dLayer>(options.within(name), sizes));
  };
  const auto norm = [&](const std::string& name) {
    return add_child(name, std::make_shared<BatchNormLayer>(options.within(name), width));
  };
  conv1_ = conv("conv1", {in_channels, width, 3, stride, 1});
  norm1_ = norm("bn1");
  conv2_ = conv("conv2", {width, width, 3, 1, 1});
  norm2_ = norm("bn2");
  if (stride == 1 && in_channels == width) return;
  shortcut_ = conv("downsample.0", {in_channels, width, 1, stride, 0});
  shortcut_norm_ = norm("downsample.1");
}

Variable ResidualBlock::forward(Autograd& autograd, const Variable& x) {
  const Variable h = relu(autograd, (*norm1_)(autograd, (*conv1_)(autograd, x)));
  const Variable y = (*norm2_)(autograd, (*conv2_)(autograd, h));
  const Variable shortcut = shortcut_ ? (*shortcut_norm_)(autograd, (*shortcut_)(autograd, x)) : x;
  return relu(autograd, add(autograd, y, shortcut));
}

BottleneckBlock::BottleneckBlock(const ModelOptions& options, std::int64_t in_channels, std::int64_t width,
                                 std::int64_t stride) {
  const auto conv = [&](const std::string& name, const Conv2dSizes& sizes) {
    return add_child(name, std::make_shared<Conv2dLayer>(options.within(name), sizes));
  };
  const auto norm = [&](const std::string& name, std::int64_t channels) {
    return add_child(name, std::make_shared<BatchNormLayer>(options.within(name), channels));
  };
  const std::int64_t out_channels = kWidening * width;
  conv1_ = conv("conv1", {in_channels, width, 1, 1, 0});
  norm1_ = norm("bn1", width);
  conv2_ = conv("conv2", {width, width, 3, stride, 1});
  norm2_ = norm("bn2", width);
  conv3_ = conv("conv3", {width, out_channels, 1, 1, 0});
  norm3_ = norm("bn3", out_channels);
  if (stride == 1 && in_channels == out_channels) return;
  shortcut_ = conv("downsample.0", {in_channels, out_channels, 1, stride, 0});
  shortcut_norm_ = norm("downsample.1", out_channels);
}

Variable BottleneckBlock::forward(Autograd& autograd, const Variable& x) {
  Variable h = relu(autograd, (*norm1_)(autograd, (*conv1_)(autograd, x)));
  h = relu(autograd, (*norm2_)(autograd, (*conv2_)(autograd, h)));
  const Variable y = (*norm3_)(autograd, (*conv3_)(autograd, h));
  const Variable shortcut = shortcut_ ? (*shortcut_norm_)(autograd, (*shortcut_)(autograd, x)) : x;
  return relu(autograd, add(autograd, y, shortcut));
}

/// Returns the channels behind the last.
template <class Block>
std::int64_t ResidualNet::add_blocks(const ModelOptions& options, const ResidualNetSizes& sizes) {
  std::int64_t channels = sizes.width;
  for (std::size_t stage = 0; stage < sizes.blocks.size(); ++stage)
    for (int index = 0; index < sizes.blocks[stage]; ++index) {
      const std::string name = "layer" + std::to_string(stage + 1) + "." + std::to_string(index);
      const std::int64_t width = sizes.width << stage, stride = stage > 0 && index == 0 ? 2 : 1;
      blocks_.push_back(add_child(name, std::make_shared<Block>(options.within(name), channels, width, stride)));
      channels = Block::kWidening * width;
    }
  return channels;
}

ResidualNet::ResidualNet(const ModelOptions& options, const ResidualNetSizes& sizes)
    : large_images_(sizes.large_images) {
  const Conv2dSizes stem = large_images_ ? Conv2dSizes{sizes.in_channels, sizes.width, 7, 2, 3}
                                         : Conv2dSizes{sizes.in_channels, sizes.width, 3, 1, 1};
  stem_ = add_child("conv1", std::make_shared<Conv2dLayer>(options.within("conv1"), stem));
  stem_norm_ = add_child("bn1", std::make_shared<BatchNormLayer>(options.within("bn1"), sizes.width));
  const std::int64_t channels =
      sizes.bottleneck ? add_blocks<BottleneckBlock>(options, sizes) : add_blocks<ResidualBlock>(options, sizes);
  classifier_ = add_child("fc", std::make_shared<LinearLayer>(options.within("fc"), channels, sizes.classes));
}

Variable ResidualNet::forward(Autograd& autograd, const Variable& x) {
  Variable h = relu(autograd, (*stem_norm_)(autograd, (*stem_)(autograd, x)));
  if (large_images_) h = max_pool2d(autograd, h, 3, 2, 1);
  for (const auto& block : blocks_) h = (*block)(autograd, h);
  return (*classifier_)(autograd, mean(autograd, h, {2, 3}));
}

}  // namespace lockstep
