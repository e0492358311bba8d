// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "reference/models/batch_norm_layer.hpp"
#include "reference/models/model.hpp"

namespace lockstep {

struct ResidualNetSizes {
  std::int64_t in_channels = 3, width = 64, classes = 1000;
  /// The stem for large images: 7x7 stride 2 and a 3x3 stride 2 max pooling; else 3x3 stride 1, as for small images.
  bool large_images = true;
  /// Of each stage.
  std::array<int, 4> blocks{2, 2, 2, 2};
  /// BottleneckBlock instead of ResidualBlock.
  bool bottleneck = false;

  static ResidualNetSizes resnet18() { return {}; }
  static ResidualNetSizes resnet18_tiny() {
    return {.in_channels = 1, .width = 8, .classes = 10, .large_images = false};
  }
  static ResidualNetSizes resnet50() { return {.blocks = {3, 4, 6, 3}, .bottleneck = true}; }
  static ResidualNetSizes resnet50_tiny() {
    return {
        .in_channels = 1, .width = 4, .classes = 10, .large_images = false, .blocks = {3, 4, 6, 3}, .bottleneck = true};
  }
};

/// Two 3x3 convolutions with batch norm and a shortcut: relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut), where the
/// shortcut is x, or a strided 1x1 convolution with batch norm where extents or channels change.
class ResidualBlock final : public Module {
 public:
  static constexpr std::int64_t kWidening = 1;
  ResidualBlock(const ModelOptions& options, std::int64_t in_channels, std::int64_t width, std::int64_t stride);

 private:
  Variable forward(Autograd& autograd, const Variable& x) override;
  std::shared_ptr<Conv2dLayer> conv1_, conv2_, shortcut_;
  std::shared_ptr<BatchNormLayer> norm1_, norm2_, shortcut_norm_;
};

/// 1x1 to `width` channels, 3x3 (which has the stride, as in torchvision and not as in the paper), 1x1 to 4 width, each
/// with batch norm, relu behind the first two and behind the sum with the shortcut, which is that of ResidualBlock.
class BottleneckBlock final : public Module {
 public:
  static constexpr std::int64_t kWidening = 4;
  BottleneckBlock(const ModelOptions& options, std::int64_t in_channels, std::int64_t width, std::int64_t stride);

 private:
  Variable forward(Autograd& autograd, const Variable& x) override;
  std::shared_ptr<Conv2dLayer> conv1_, conv2_, conv3_, shortcut_;
  std::shared_ptr<BatchNormLayer> norm1_, norm2_, norm3_, shortcut_norm_;
};

/// Residual networks (He et al. 2015, arXiv 1512.03385, table 1): a stem, four stages of blocks of width, 2, 4 and 8 times
/// width (stride 2 from the second stage on), mean over height and width, linear. Two blocks a stage are ResNet-18;
/// bottlenecks, 3, 4, 6 and 3 of them, ResNet-50. Tensors are named as in torchvision. x [N, in_channels, H, W], target
/// i64 [N].
class ResidualNet final : public Model {
 public:
  ResidualNet(const ModelOptions& options, const ResidualNetSizes& sizes);
  Loss loss_kind() const override { return Loss::cross_entropy; }

 private:
  template <class Block>
  std::int64_t add_blocks(const ModelOptions& options, const ResidualNetSizes& sizes);
  Variable forward(Autograd& autograd, const Variable& x) override;
  bool large_images_;
  std::shared_ptr<Conv2dLayer> stem_;
  std::shared_ptr<BatchNormLayer> stem_norm_;
  std::vector<std::shared_ptr<Module>> blocks_;
  std::shared_ptr<LinearLayer> classifier_;
};

}  // namespace lockstep
