// SPDX-License-Identifier: Apache-2.0
#include "reference/models/image_conv_net.hpp"

namespace lockstep {
namespace {

constexpr std::int64_t kFirst = 8, kSecond = 16, kClasses = 10;

}  // namespace

// A convolution before a norm needs no bias: the norm would take it out again.
ImageConvNet::ImageConvNet(const ModelOptions& options) {
  const auto conv = [&](const char* name, std::int64_t in, std::int64_t out) {
    return add_child(
        name, std::make_shared<Conv2dLayer>(options.within(name), Conv2dSizes{.in_channels = in, .out_channels = out}));
  };
  conv1_ = conv("conv1", 1, kFirst);
  norm1_ = add_child("bn1", std::make_shared<BatchNormLayer>(options.within("bn1"), kFirst));
  conv2_ = conv("conv2", kFirst, kSecond);
  norm2_ = add_child("bn2", std::make_shared<BatchNormLayer>(options.within("bn2"), kSecond));
  classifier_ = add_child("fc", std::make_shared<LinearLayer>(options.within("fc"), kSecond, kClasses));
}

Variable ImageConvNet::forward(Autograd& autograd, const Variable& x) {
  Variable h = relu(autograd, (*norm1_)(autograd, (*conv1_)(autograd, x)));
  h = max_pool2d(autograd, h, 2, 2, 0);
  h = relu(autograd, (*norm2_)(autograd, (*conv2_)(autograd, h)));
  h = max_pool2d(autograd, h, 2, 2, 0);
  return (*classifier_)(autograd, mean(autograd, h, {2, 3}));
}

}  // namespace lockstep
