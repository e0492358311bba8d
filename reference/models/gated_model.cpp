// SPDX-License-Identifier: Apache-2.0
#include "reference/models/gated_model.hpp"

namespace lockstep {

GatedModel::GatedModel(const ModelOptions& options)
    : trunk_(add_child("trunk", std::make_shared<LinearLayer>(options.within("trunk"), 8, 16))),
      first_expert_(add_child("expert0", std::make_shared<LinearLayer>(options.within("expert0"), 16, 4))),
      second_expert_(add_child("expert1", std::make_shared<LinearLayer>(options.within("expert1"), 16, 4))) {}

Variable GatedModel::forward(Autograd& autograd, const Variable& x) {
  const Variable h = relu(autograd, (*trunk_)(autograd, x));
  return x.value()[0] > 0.0 ? (*first_expert_)(autograd, h) : (*second_expert_)(autograd, h);
}

}  // namespace lockstep
