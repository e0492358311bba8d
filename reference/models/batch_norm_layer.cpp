// SPDX-License-Identifier: Apache-2.0
#include "reference/models/batch_norm_layer.hpp"

#include "reference/operators.hpp"

namespace lockstep {

BatchNormLayer::BatchNormLayer(const ModelOptions& options, std::int64_t channels, const BatchNormNames& names) {
  const DType dtype = options.dtype == DType::f64 ? DType::f64 : DType::f32;
  weight = add_parameter(names.weight, constant(dtype, {channels}, 1.0));
  bias = add_parameter(names.bias, constant(dtype, {channels}, 0.0));
  running_mean = add_buffer(names.running_mean, constant(dtype, {channels}, 0.0));
  running_var = add_buffer(names.running_var, constant(dtype, {channels}, 1.0));
}

Variable BatchNormLayer::forward(Autograd& autograd, const Variable& x) {
  if ((is_training() || in_evaluation_too_) && training_forward_) return training_forward_(autograd, *this, x);
  Parameters parameters;
  parameters.set_boolean("training", is_training());
  parameters.set_real("momentum", momentum);
  parameters.set_real("eps", eps);
  const std::vector<Variable> outputs = autograd.apply(
      batch_norm_operator(), parameters,
      {{"x", x}, {"weight", weight}, {"bias", bias}, {"running_mean", running_mean}, {"running_var", running_var}});
  if (is_training()) {
    running_mean.set_value(outputs[1].value());
    running_var.set_value(outputs[2].value());
  }
  return outputs[0];
}

int set_batch_norm_forward(Module& module, const BatchNormForward& forward, bool in_evaluation_too) {
  int count = 0;
  for (Module* below : module.modules())
    if (auto* layer = dynamic_cast<BatchNormLayer*>(below)) {
      layer->set_training_forward(forward, in_evaluation_too);
      ++count;
    }
  return count;
}

}  // namespace lockstep
