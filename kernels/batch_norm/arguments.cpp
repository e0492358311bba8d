// SPDX-License-Identifier: Apache-2.0
#include "kernels/batch_norm/arguments.hpp"

namespace lockstep {

BatchNormArguments::BatchNormArguments(const Problem& problem, const Tensors& tensors) : op(problem) {
  const BatchNormPositions at(op, problem.direction);
  const auto input = [&](int position) {
    return position < 0 ? nullptr : tensors.inputs[static_cast<std::size_t>(position)].as<const float>();
  };
  const auto output = [&](int position) {
    return position < 0 ? nullptr : tensors.outputs[static_cast<std::size_t>(position)].as<float>();
  };
  x = tensors.inputs[0];
  if (at.g_y > 0) g_y = tensors.inputs[static_cast<std::size_t>(at.g_y)];
  (problem.direction == Direction::forward ? y : d_x) = tensors.outputs[0];
  weight = input(at.weight);
  bias = input(at.bias);
  running_mean = input(at.running_mean);
  running_var = input(at.running_var);
  saved_mean = input(at.saved_mean);
  saved_rstd = input(at.saved_rstd);
  running_mean_out = output(at.running_mean_out);
  running_var_out = output(at.running_var_out);
  d_weight = output(at.d_weight);
  d_bias = output(at.d_bias);
  if (at.num_batches_tracked_out > 0)
    num_batches_tracked_out = tensors.outputs[static_cast<std::size_t>(at.num_batches_tracked_out)].as<std::int64_t>();
}

bool BatchNormArguments::activations_aligned(std::size_t bytes) const {
  bool aligned = true;
  for (const TensorView* view : {&x, &g_y, &y, &d_x}) aligned = aligned && view->is_aligned(bytes);
  return aligned;
}

bool BatchNormArguments::channels_aligned(std::size_t bytes) const {
  bool aligned = true;
  for (const float* tensor : {weight, bias, running_mean, running_var, saved_mean, saved_rstd})
    aligned = aligned && reinterpret_cast<std::uintptr_t>(tensor) % bytes == 0;
  return aligned;
}

bool lies_in_planes(const Problem& problem) {
  const Shape& shape = problem.shape("x");
  return problem.layout != Layout::strided && strides_of(shape, problem.layout) == row_major_strides(shape);
}

bool lies_in_columns(const Problem& problem) {
  if (problem.layout == Layout::strided) return false;
  return (problem.layout == Layout::channels_last && problem.shape("x").size() >= 4) ||
         ChannelPlanes(problem.shape("x")).plane == 1;
}

}  // namespace lockstep
