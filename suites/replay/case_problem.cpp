// SPDX-License-Identifier: Apache-2.0
#include "suites/replay/case_problem.hpp"

#include <algorithm>

#include "harness/data/error.hpp"
#include "suites/replay/blocks.hpp"

namespace lockstep {
namespace {

void fill_in(NamedValues& arrays, const char* name, const Shape& shape, double value) {
  if (arrays.contains(name)) return;
  Values values(DType::f64, shape);
  for (std::int64_t i = 0; i < values.count(); ++i) values.set(i, value);
  arrays.emplace(name, std::move(values));
}

/// Weight and bias together: where one of them is missing the other keeps its meaning beside a 1 or a 0. A weight that
/// is asked for and not given is a new module's.
void adapt_affine(Parameters& parameters, NamedValues& arrays, const Shape& shape) {
  const bool given = arrays.contains("weight") || arrays.contains("bias");
  const bool affine = parameters.boolean("affine", given);
  parameters.set_boolean("affine", affine);
  if (!affine) {
    arrays.erase("weight");
    arrays.erase("bias");
    return;
  }
  fill_in(arrays, "weight", shape, 1.0);
  fill_in(arrays, "bias", shape, 0.0);
}

void adapt_layer_norm(Parameters& parameters, NamedValues& arrays) {
  adapt_affine(parameters, arrays, parameters.integers("normalized_shape", {}));
}

/// Linear and convolutional layers: a bias that is absent is off.
void adapt_bias(Parameters& parameters, NamedValues& arrays) {
  if (!parameters.boolean("bias", true)) arrays.erase("bias");
  parameters.set_boolean("bias", arrays.contains("bias"));
}

/// torch.nn.BatchNorm<dims>d: num_features sizes what the module owns, so that an input of other channels is refused.
void adapt_batch_norm(Parameters& parameters, NamedValues& arrays, std::int64_t dims) {
  const auto x = arrays.find("x");
  const bool has_channels = x != arrays.end() && x->second.shape().size() >= 2;
  const Shape features{parameters.integer("num_features", has_channels ? x->second.shape()[1] : 0)};
  parameters.set_integer("dims", dims);
  adapt_affine(parameters, arrays, features);

  const bool mean = arrays.contains("running_mean"), variance = arrays.contains("running_var");
  if (mean != variance)
    throw Error(std::string("batch_norm: running_") + (mean ? "mean" : "var") +
                " alone is given; accepted: running_mean and "
                "running_var, or neither");
  const bool tracks = parameters.boolean("track_running_stats", mean);
  parameters.set_boolean("track_running_stats", tracks);
  if (tracks) {
    fill_in(arrays, "running_mean", features, 0.0);
    fill_in(arrays, "running_var", features, 1.0);
  } else {
    arrays.erase("running_mean");
    arrays.erase("running_var");
  }
}

/// torch.bmm: three axes each, and no broadcasting.
void adapt_bmm(Parameters&, NamedValues& arrays) {
  const auto a = arrays.find("a"), b = arrays.find("b");
  if (a == arrays.end() || b == arrays.end()) return;
  const Shape &first = a->second.shape(), &second = b->second.shape();
  if (first.size() != 3) throw Refused("batch1 must be a 3D tensor");
  if (second.size() != 3) throw Refused("batch2 must be a 3D tensor");
  const Shape wanted{first[0], first[2]}, given{second[0], second[1]};
  if (given != wanted)
    throw Refused("Expected size for first two dimensions of batch2 tensor to be: " + to_text(wanted) +
                  " but got: " + to_text(given) + ".");
}

void adapt_cross_entropy(Parameters& parameters, NamedValues& arrays) {
  if (parameters.has("weighted") && !parameters.boolean("weighted", true)) arrays.erase("weight");
  parameters.remove("weighted");
  const auto input = arrays.find("input"), target = arrays.find("target");
  if (input == arrays.end() || target == arrays.end()) return;
  // Targets of input's shape are probabilities, whatever they hold.
  const bool has_input_shape = input->second.shape() == target->second.shape();
  if (has_input_shape && !is_floating(target->second.dtype()))
    throw Refused("Expected floating point type for target with class probabilities, got Long");
}

/// torch.optim.AdamW.
void adapt_adamw(Parameters& parameters, NamedValues&) {
  parameters.set_boolean("decoupled_weight_decay", true);
  if (!parameters.has("weight_decay")) parameters.set("weight_decay", "0.01");
}

using Adapt = void (*)(Parameters&, NamedValues&);

/// How the format writes an operator that Lockstep serves.
struct CaseOperation {
  std::string_view op, operator_name;
  std::vector<std::string_view> inputs, parameters;
  /// Null where the operator takes the case as it is.
  Adapt adapt = nullptr;
  /// Null where the case is one call.
  RunBlock block = nullptr;
};

const std::vector<CaseOperation>& served_operations() {
  static const std::vector<std::string_view> norm_inputs{"x", "weight", "bias", "running_mean", "running_var"};
  static const std::vector<std::string_view> norm_parameters{
      "training", "momentum", "eps", "affine", "track_running_stats", "num_batches_tracked", "num_features"};
  static const std::vector<std::string_view> adam_parameters{
      "lr", "betas", "eps", "weight_decay", "amsgrad", "maximize", "steps", "step", "decoupled_weight_decay"};
  static const std::vector<CaseOperation> operations{
      {"adam", "adam", {}, adam_parameters, nullptr, run_adam_steps},
      {"adamw", "adam", {}, adam_parameters, adapt_adamw, run_adam_steps},
      {"add", "add", {"a", "b"}, {"alpha"}},
      {"batch_norm1d", "batch_norm", norm_inputs, norm_parameters,
       [](Parameters& parameters, NamedValues& arrays) { adapt_batch_norm(parameters, arrays, 1); }},
      {"batch_norm2d", "batch_norm", norm_inputs, norm_parameters,
       [](Parameters& parameters, NamedValues& arrays) { adapt_batch_norm(parameters, arrays, 2); }},
      {"batch_norm3d", "batch_norm", norm_inputs, norm_parameters,
       [](Parameters& parameters, NamedValues& arrays) { adapt_batch_norm(parameters, arrays, 3); }},
      {"batch_norm_seq",
       "batch_norm",
       {},
       {"dims", "momentum", "eps", "affine", "train_steps", "then"},
       nullptr,
       run_batch_norm_sequence},
      {"bmm", "matmul", {"a", "b"}, {}, adapt_bmm},
      {"channel_shuffle", "channel_shuffle", {"x"}, {"groups"}},
      {"clip_grad_norm", "clip_grad_norm", {}, {"max_norm", "norm_type", "error_if_nonfinite"}},
      {"clip_grad_value", "clip_grad_value", {}, {"clip_value"}},
      {"conv2d", "conv2d", {"x", "weight", "bias"}, {"stride", "padding", "dilation", "groups", "bias"}, adapt_bias},
      {"cross_entropy",
       "cross_entropy",
       {"input", "target", "weight"},
       {"reduction", "ignore_index", "label_smoothing", "weighted"},
       adapt_cross_entropy},
      {"cross_entropy_prob",
       "cross_entropy",
       {"input", "target", "weight"},
       {"reduction", "ignore_index", "label_smoothing", "weighted"},
       adapt_cross_entropy},
      {"embedding", "embedding", {"weight", "indices"}, {"padding_idx", "scale_grad_by_freq"}},
      {"gelu", "gelu", {"x"}, {"approximate"}},
      {"layer_norm", "layer_norm", {"x", "weight", "bias"}, {"normalized_shape", "eps", "affine"}, adapt_layer_norm},
      {"linear", "linear", {"x", "weight", "bias"}, {"in_features", "out_features", "bias"}, adapt_bias},
      {"matmul", "matmul", {"a", "b"}, {}},
      {"max_pool2d", "max_pool2d", {"x"}, {"kernel_size", "stride", "padding", "dilation", "ceil_mode"}},
      {"mean", "mean", {"x"}, {"dim", "keepdim"}},
      {"mse_loss", "mse_loss", {"input", "target"}, {"reduction"}},
      {"relu", "relu", {"x"}, {}},
      {"sgd",
       "sgd",
       {},
       {"lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize", "steps", "first_step"},
       nullptr,
       run_sgd_steps},
      {"softmax", "softmax", {"x"}, {"dim"}},
      {"tanh", "tanh", {"x"}, {}},
  };
  return operations;
}

const Catalogued* find_entry(const Catalogue& catalogue, std::string_view name) {
  for (const Catalogued& entry : catalogue.operators())
    if (entry.definition->name() == name) return &entry;
  return nullptr;
}

std::string joined(const std::vector<std::string_view>& names) {
  std::string text;
  for (const std::string_view name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return text.empty() ? "none" : text;
}

/// A parameter or input nobody reads would change PyTorch's answer and not ours: better no answer than a wrong one.
std::string what_is_not_taken(const CaseDescription& description, const CaseOperation& operation) {
  const auto is_in = [](const std::vector<std::string_view>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const auto& [name, token] : description.parameters.tokens())
    if (!is_in(operation.parameters, name))
      return description.op + " is not served with the parameter " + name +
             "; accepted: " + joined(operation.parameters);
  for (const std::string& name : description.inputs)
    if (!operation.inputs.empty() && !is_in(operation.inputs, name))
      return description.op + " is not served with the input " + name + "; accepted: " + joined(operation.inputs);
  return "";
}

}  // namespace

CaseProblem translate_case(const CaseDescription& description, const Catalogue& catalogue) {
  CaseProblem result;
  const auto& operations = served_operations();
  const auto operation = std::find_if(operations.begin(), operations.end(), [&](const CaseOperation& candidate) {
    return candidate.op == description.op && find_entry(catalogue, candidate.operator_name);
  });
  if (operation == operations.end()) {
    std::vector<std::string_view> known;
    for (const CaseOperation& candidate : operations)
      if (find_entry(catalogue, candidate.operator_name)) known.push_back(candidate.op);
    const std::string served = "'" + description.op + "'; accepted: " + joined(known);
    if (!is_case_operation(description.op)) throw Error("unknown op " + served);
    result.not_served = "Lockstep does not have the op " + served;
    return result;
  }
  result.not_served = what_is_not_taken(description, *operation);
  if (!result.not_served.empty()) return result;

  result.entry = find_entry(catalogue, operation->operator_name);
  result.block = operation->block;
  result.problem.operator_name = operation->operator_name;
  result.problem.parameters = description.parameters;
  result.problem.dtype = DType::f64;
  result.arrays = read_case_arrays(description, description.inputs);
  if (operation->adapt) operation->adapt(result.problem.parameters, result.arrays);
  for (const auto& [name, values] : result.arrays) result.problem.set_shape(name, values.shape());
  // Gradients are no inputs of the call: the operator derives their shapes.
  result.arrays.merge(read_case_arrays(description, description.grad_outputs));
  return result;
}

}  // namespace lockstep
