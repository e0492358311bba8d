// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/autograd/module.hpp"
#include "harness/autograd/module_state.hpp"
#include "reference/models/layers.hpp"

namespace lockstep {

enum class Loss : std::uint8_t { mean_squared_error, cross_entropy };

/// A model that can be trained: a module from a batch [N, ...] to its output [N, ...], with the loss that goes with it.
class Model : public Module {
 public:
  virtual Loss loss_kind() const = 0;
  /// The mean over the rows of the batch. `target`: like the output, or class numbers i64 [N].
  Variable loss(Autograd& autograd, const Variable& output, const Variable& target) const;
};

/// A model by name, with the data it takes.
struct ModelDefinition {
  std::string name, description;
  std::function<std::unique_ptr<Model>(const ModelOptions&)> make;
  /// Shape of one row of x, and of one row of the target; a class number where `classes` is not 0.
  Shape row_shape, target_shape = {};
  std::int64_t classes = 0;
  /// Of all that is trained.
  std::int64_t parameter_count = 0;
  /// Where it is not 0, x holds token numbers i64 below it; else floats.
  std::int64_t vocabulary = 0;
  /// As published, for GPUs: on a CPU its formulas in double take minutes to hours for a judged step.
  bool has_published_size = false;
};

/// Every model that a user can name, in the order in which they are listed.
const std::vector<ModelDefinition>& model_definitions();
/// Throws Error naming the models that exist.
const ModelDefinition& find_model(const std::string& name);

/// The model of a training case: `name` is mlp, conv or tfm, sizes are read off the initial state's shapes, and the
/// state is loaded. Throws Error for another name, and where a tensor is missing or its shape does not fit.
std::unique_ptr<Model> make_case_model(const std::string& name, DType dtype, const ModuleState& initial);

}  // namespace lockstep
