// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "harness/autograd/module.hpp"
#include "reference/models/layers.hpp"

namespace lockstep {

class BatchNormLayer;
/// Computes a layer's training forward in another way than from this rank's batch alone: what SyncBatchNorm puts in.
using BatchNormForward = std::function<Variable(Autograd&, BatchNormLayer&, const Variable& x)>;

/// Full names of a batch norm's tensors.
struct BatchNormNames {
  std::string weight = "weight", bias = "bias", running_mean = "running_mean", running_var = "running_var";
};

/// Batch normalisation over all axes but axis 1; momentum 0.1 and eps 1e-5 unless said otherwise. weight and bias
/// [channels] begin at 1 and 0, the running statistics (buffers) at 0 and 1. With 16-bit activations all four are f32.
class BatchNormLayer final : public Module {
 public:
  BatchNormLayer(const ModelOptions& options, std::int64_t channels, const BatchNormNames& names = {});

  double momentum = 0.1, eps = 1e-5;
  Variable weight, bias, running_mean, running_var;

  /// Empty: statistics of this rank's batch. Acts in training alone, for evaluation never communicates; unless
  /// `in_evaluation_too`, which is a fault to plant.
  void set_training_forward(BatchNormForward forward, bool in_evaluation_too = false) {
    training_forward_ = std::move(forward);
    in_evaluation_too_ = in_evaluation_too;
  }

 private:
  Variable forward(Autograd& autograd, const Variable& x) override;
  BatchNormForward training_forward_;
  bool in_evaluation_too_ = false;
};

/// Gives every batch norm of the module another training forward, as torch.nn.SyncBatchNorm.convert_sync_batchnorm
/// does; returns how many there are.
int set_batch_norm_forward(Module& module, const BatchNormForward& forward, bool in_evaluation_too = false);

}  // namespace lockstep
