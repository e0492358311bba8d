// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reference/models/batch_norm_layer.hpp"
#include "reference/models/model.hpp"

namespace lockstep {

/// A small network for 28x28 grey images in ten classes: twice (3x3 convolution, batch norm, relu, 2x2 max pooling) with 8
/// and 16 channels, mean over what is left of height and width, linear. x [N, 1, 28, 28], target i64 [N].
class ImageConvNet final : public Model {
 public:
  explicit ImageConvNet(const ModelOptions& options);
  Loss loss_kind() const override { return Loss::cross_entropy; }

 private:
  Variable forward(Autograd& autograd, const Variable& x) override;
  std::shared_ptr<Conv2dLayer> conv1_, conv2_;
  std::shared_ptr<BatchNormLayer> norm1_, norm2_;
  std::shared_ptr<LinearLayer> classifier_;
};

}  // namespace lockstep
