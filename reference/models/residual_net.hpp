// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reference/models/batch_norm_layer.hpp"
#include "reference/models/model.hpp"

namespace lockstep {

struct ResidualNetSizes {
  std::int64_t in_channels = 3, width = 64, classes = 1000;
  /// The stem for large images: 7x7 stride 2 and a 3x3 stride 2 max pooling; else 3x3 stride 1, as for small images.
  bool large_images = true;

  static ResidualNetSizes published() { return {}; }
  static ResidualNetSizes tiny() { return {1, 8, 10, false}; }
};

/// Two 3x3 convolutions with batch norm and a shortcut: relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut), where the
/// shortcut is x, or a strided 1x1 convolution with batch norm where extents or channels change.
class ResidualBlock final : public Module {
 public:
  ResidualBlock(const ModelOptions& options, std::int64_t in_channels, std::int64_t out_channels, std::int64_t stride);

 private:
  Variable forward(Autograd& autograd, const Variable& x) override;
  std::shared_ptr<Conv2dLayer> conv1_, conv2_, shortcut_;
  std::shared_ptr<BatchNormLayer> norm1_, norm2_, shortcut_norm_;
};

/// ResNet-18 (He et al. 2015, arXiv 1512.03385, table 1): a stem, four stages of two blocks with width, 2, 4 and 8 times
/// width channels (stride 2 from the second stage on), mean over height and width, linear. Tensors are named as in
/// torchvision's resnet18. x [N, in_channels, H, W], target i64 [N].
class ResidualNet final : public Model {
 public:
  ResidualNet(const ModelOptions& options, const ResidualNetSizes& sizes);
  Loss loss_kind() const override { return Loss::cross_entropy; }

 private:
  Variable forward(Autograd& autograd, const Variable& x) override;
  bool large_images_;
  std::shared_ptr<Conv2dLayer> stem_;
  std::shared_ptr<BatchNormLayer> stem_norm_;
  std::vector<std::shared_ptr<ResidualBlock>> blocks_;
  std::shared_ptr<LinearLayer> classifier_;
};

}  // namespace lockstep
