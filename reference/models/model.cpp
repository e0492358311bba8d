// SPDX-License-Identifier: Apache-2.0
#include "reference/models/model.hpp"

#include "harness/data/error.hpp"
#include "reference/models/mlp.hpp"
#include "reference/models/small_conv_net.hpp"
#include "reference/models/small_transformer.hpp"

namespace lockstep {
namespace {

const Shape& shape_in(const ModuleState& state, const std::string& name, std::size_t rank) {
  const auto found = state.find(name);
  if (found == state.end()) throw Error("the initial state has no '" + name + "'");
  if (found->second.shape().size() != rank)
    throw Error("the initial state's '" + name + "' has the shape " + to_text(found->second.shape()) +
                "; accepted: " + std::to_string(rank) + " axes");
  return found->second.shape();
}

}  // namespace

Variable Model::loss(Autograd& autograd, const Variable& output, const Variable& target) const {
  return loss_kind() == Loss::cross_entropy ? cross_entropy(autograd, output, target)
                                            : mse_loss(autograd, output, target);
}

const ModelDefinition& find_model(const std::string& name) {
  std::string accepted;
  for (const ModelDefinition& definition : model_definitions()) {
    if (definition.name == name) return definition;
    accepted += (accepted.empty() ? "" : ", ") + definition.name;
  }
  throw Error("unknown model '" + name + "'; accepted: " + accepted);
}

std::unique_ptr<Model> make_case_model(const std::string& name, DType dtype, const ModuleState& initial) {
  const ModelOptions options{.dtype = dtype};
  std::unique_ptr<Model> model;
  if (name == "mlp") {
    const Shape &w1 = shape_in(initial, "w1", 2), &w2 = shape_in(initial, "w2", 2), &w3 = shape_in(initial, "w3", 2);
    model = std::make_unique<Mlp>(options, MlpSizes{w1[1], w1[0], w2[0], w3[0]});
  } else if (name == "conv") {
    const Shape &k1 = shape_in(initial, "k1", 4), &k2 = shape_in(initial, "k2", 4), &w3 = shape_in(initial, "w3", 2);
    model = std::make_unique<SmallConvNet>(options, SmallConvNetSizes{k1[1], k1[0], k2[0], w3[0]});
  } else if (name == "tfm") {
    const Shape &wide = shape_in(initial, "f1w", 2), &w3 = shape_in(initial, "w3", 2);
    model = std::make_unique<SmallTransformer>(options, SmallTransformerSizes{wide[1], 2, wide[0], w3[0]});
  } else {
    throw Error("unknown model '" + name + "'; accepted: mlp, conv, tfm");
  }
  // Running statistics begin as a new model has them unless the state says otherwise.
  ModuleState state = initial;
  for (const NamedVariable& buffer : model->buffers()) state.emplace(buffer.name, buffer.variable.value());
  load_state(*model, state);
  return model;
}

}  // namespace lockstep
