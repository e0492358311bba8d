// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reference/models/batch_norm_layer.hpp"
#include "reference/models/model.hpp"

namespace lockstep {

struct SmallConvNetSizes {
  std::int64_t in_channels = 3, first = 4, second = 5, classes = 3;
};

/// Two convolutions with batch norm: h = relu(bn1(conv(x, k1, c1b, padding 1))); h = relu(bn2(conv(h, k2, c2b, stride 2,
/// padding 1))); mean over height and width; linear w3, b3; cross-entropy. x [N, in_channels, H, W], target i64 [N].
/// g1, h1, g2, h2: weight and bias of the norms; rm1, rv1, rm2, rv2: their running statistics.
class SmallConvNet final : public Model {
 public:
  SmallConvNet(const ModelOptions& options, const SmallConvNetSizes& sizes);
  Loss loss_kind() const override { return Loss::cross_entropy; }

 private:
  Variable forward(Autograd& autograd, const Variable& x) override;
  std::shared_ptr<Conv2dLayer> conv1_, conv2_;
  std::shared_ptr<BatchNormLayer> norm1_, norm2_;
  std::shared_ptr<LinearLayer> classifier_;
};

}  // namespace lockstep
