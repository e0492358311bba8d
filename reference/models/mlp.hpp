// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reference/models/model.hpp"

namespace lockstep {

struct MlpSizes {
  std::int64_t inputs = 6, first = 8, second = 8, outputs = 3;
};

/// Three fully connected layers: h = tanh(x w1' + b1); h = gelu(h w2' + b2); out = h w3' + b3; mean squared error.
/// x [N, inputs], target [N, outputs]; w1 [first, inputs], w2 [second, first], w3 [outputs, second].
class Mlp final : public Model {
 public:
  Mlp(const ModelOptions& options, const MlpSizes& sizes);
  Loss loss_kind() const override { return Loss::mean_squared_error; }

 private:
  Variable forward(Autograd& autograd, const Variable& x) override;
  std::shared_ptr<LinearLayer> first_, second_, third_;
};

}  // namespace lockstep
