// SPDX-License-Identifier: Apache-2.0
#include "reference/models/small_conv_net.hpp"

namespace lockstep {

SmallConvNet::SmallConvNet(const ModelOptions& options, const SmallConvNetSizes& sizes) {
  const Conv2dSizes first{.in_channels = sizes.in_channels, .out_channels = sizes.first};
  const Conv2dSizes second{.in_channels = sizes.first, .out_channels = sizes.second, .stride = 2};
  conv1_ = add_child("", std::make_shared<Conv2dLayer>(options, first, "k1", "c1b"));
  norm1_ =
      add_child("", std::make_shared<BatchNormLayer>(options, sizes.first, BatchNormNames{"g1", "h1", "rm1", "rv1"}));
  conv2_ = add_child("", std::make_shared<Conv2dLayer>(options, second, "k2", "c2b"));
  norm2_ =
      add_child("", std::make_shared<BatchNormLayer>(options, sizes.second, BatchNormNames{"g2", "h2", "rm2", "rv2"}));
  classifier_ = add_child("", std::make_shared<LinearLayer>(options, sizes.second, sizes.classes, "w3", "b3"));
}

Variable SmallConvNet::forward(Autograd& autograd, const Variable& x) {
  Variable h = relu(autograd, (*norm1_)(autograd, (*conv1_)(autograd, x)));
  h = relu(autograd, (*norm2_)(autograd, (*conv2_)(autograd, h)));
  return (*classifier_)(autograd, mean(autograd, h, {2, 3}));
}

}  // namespace lockstep
