// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reference/models/model.hpp"

namespace lockstep {

/// A linear layer with relu, then one of two linear experts: the first where the batch's first number is positive, else
/// the second. So a rank may leave parameters unused that another uses: what DistributedDataParallel must find out.
/// x [N, 8], target [N, 4]; mean squared error.
class GatedModel final : public Model {
 public:
  explicit GatedModel(const ModelOptions& options);
  Loss loss_kind() const override { return Loss::mean_squared_error; }

 private:
  Variable forward(Autograd& autograd, const Variable& x) override;
  std::shared_ptr<LinearLayer> trunk_, first_expert_, second_expert_;
};

}  // namespace lockstep
