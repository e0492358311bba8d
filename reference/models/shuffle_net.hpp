// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "reference/models/batch_norm_layer.hpp"
#include "reference/models/model.hpp"

namespace lockstep {

/// A convolution without bias, batch norm and, where wanted, relu. Both layers' full names are given, since torchvision
/// numbers them along a longer chain.
class ConvNormLayer final : public Module {
 public:
  ConvNormLayer(const ModelOptions& options, const Conv2dSizes& sizes, const std::string& conv_name,
                const std::string& norm_name, bool has_relu);

 private:
  Variable forward(Autograd& autograd, const Variable& x) override;
  std::shared_ptr<Conv2dLayer> conv_;
  std::shared_ptr<BatchNormLayer> norm_;
  bool has_relu_;
};

/// With stride 1 the channels are split: one half passes, the other goes through 1x1, depthwise 3x3 and 1x1 convolutions.
/// With stride 2 both halves of the output come from all channels, the first through depthwise 3x3 and 1x1. The halves are
/// put one behind the other and shuffled in two groups. x [N, in, H, W] to [N, out, H / stride, W / stride].
class ShuffleUnit final : public Module {
 public:
  /// Throws Error unless out_channels is even, and equal to in_channels with stride 1.
  ShuffleUnit(const ModelOptions& options, std::int64_t in_channels, std::int64_t out_channels, std::int64_t stride);

 private:
  Variable forward(Autograd& autograd, const Variable& x) override;
  std::vector<std::shared_ptr<ConvNormLayer>> branch1_, branch2_;
};

struct ShuffleNetSizes {
  std::int64_t in_channels = 3, stem = 24, last = 1024, classes = 1000;
  std::array<std::int64_t, 3> channels{116, 232, 464};
  /// Units of each stage.
  std::array<int, 3> units{4, 8, 4};
  /// The stem for large images: stride 2 and a 3x3 stride 2 max pooling; else stride 1 alone.
  bool large_images = true;

  static ShuffleNetSizes published() { return {}; }
  static ShuffleNetSizes tiny() {
    return {.in_channels = 1, .stem = 8, .last = 64, .classes = 10, .channels = {16, 32, 64}, .large_images = false};
  }
};

/// ShuffleNet v2 (Ma et al. 2018, arXiv 1807.11164, figure 3 and table 5; the sizes of 1x): a 3x3 stem, three stages that
/// each begin with stride 2, a 1x1 convolution, mean over height and width, linear. Tensors are named as in torchvision's
/// shufflenet_v2_x1_0. x [N, in_channels, H, W], target i64 [N].
class ShuffleNet final : public Model {
 public:
  ShuffleNet(const ModelOptions& options, const ShuffleNetSizes& sizes);
  Loss loss_kind() const override { return Loss::cross_entropy; }

 private:
  Variable forward(Autograd& autograd, const Variable& x) override;
  bool large_images_;
  std::shared_ptr<ConvNormLayer> stem_, last_;
  std::vector<std::shared_ptr<ShuffleUnit>> units_;
  std::shared_ptr<LinearLayer> classifier_;
};

}  // namespace lockstep
