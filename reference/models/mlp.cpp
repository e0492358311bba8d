// SPDX-License-Identifier: Apache-2.0
#include "reference/models/mlp.hpp"

namespace lockstep {

Mlp::Mlp(const ModelOptions& options, const MlpSizes& sizes)
    : first_(add_child("", std::make_shared<LinearLayer>(options, sizes.inputs, sizes.first, "w1", "b1"))),
      second_(add_child("", std::make_shared<LinearLayer>(options, sizes.first, sizes.second, "w2", "b2"))),
      third_(add_child("", std::make_shared<LinearLayer>(options, sizes.second, sizes.outputs, "w3", "b3"))) {}

Variable Mlp::forward(Autograd& autograd, const Variable& x) {
  Variable h = tanh(autograd, (*first_)(autograd, x));
  h = gelu(autograd, (*second_)(autograd, h));
  return (*third_)(autograd, h);
}

}  // namespace lockstep
