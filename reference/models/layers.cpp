// SPDX-License-Identifier: Apache-2.0
#include "reference/models/layers.hpp"

#include <cmath>

#include "harness/autograd/views.hpp"
#include "harness/data/error.hpp"
#include "harness/data/random.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

Variable only_output(Autograd& autograd, const Operator& definition, const Parameters& parameters,
                     const NamedInputs& inputs) {
  return autograd.apply(definition, parameters, inputs)[0];
}

/// For operators that run in the lower precision of an autocast.
Variable lowered(Autograd& autograd, const Variable& x) {
  return x && autograd.autocast() && is_floating(x.dtype()) ? cast(autograd, x, *autograd.autocast()) : x;
}

/// For operators that need float32's range under an autocast.
Variable raised(Autograd& autograd, const Variable& x) {
  return autograd.autocast() && is_floating(x.dtype()) ? cast(autograd, x, DType::f32) : x;
}

}  // namespace

Values uniform(const ModelOptions& options, const std::string& name, const Shape& shape, double bound) {
  RandomStream random(options.seed ^ hash_name(options.scope + name));
  Values values(options.dtype, shape);
  for (std::int64_t i = 0; i < values.count(); ++i) values.set(i, bound * (2.0 * random.uniform() - 1.0));
  return values;
}

Values constant(DType dtype, const Shape& shape, double value) {
  Values values(dtype, shape);
  for (std::int64_t i = 0; i < values.count(); ++i) values.set(i, value);
  return values;
}

LinearLayer::LinearLayer(const ModelOptions& options, std::int64_t in_features, std::int64_t out_features,
                         std::string weight, std::string bias) {
  const double bound = 1.0 / std::sqrt(static_cast<double>(in_features));
  weight_ = add_parameter(weight, uniform(options, weight, {out_features, in_features}, bound));
  bias_ = add_parameter(bias, uniform(options, bias, {out_features}, bound));
}

Variable LinearLayer::forward(Autograd& autograd, const Variable& x) {
  return only_output(
      autograd, linear_operator(), {},
      {{"x", lowered(autograd, x)}, {"weight", lowered(autograd, weight_)}, {"bias", lowered(autograd, bias_)}});
}

Conv2dLayer::Conv2dLayer(const ModelOptions& options, const Conv2dSizes& sizes, std::string weight, std::string bias)
    : sizes_(sizes) {
  const std::int64_t in_per_group = sizes.in_channels / sizes.groups;
  const double bound = 1.0 / std::sqrt(static_cast<double>(in_per_group * sizes.kernel * sizes.kernel));
  weight_ = add_parameter(
      weight, uniform(options, weight, {sizes.out_channels, in_per_group, sizes.kernel, sizes.kernel}, bound));
  if (!bias.empty()) bias_ = add_parameter(bias, uniform(options, bias, {sizes.out_channels}, bound));
}

Variable Conv2dLayer::forward(Autograd& autograd, const Variable& x) {
  Parameters parameters;
  parameters.set_integers("stride", {sizes_.stride, sizes_.stride});
  parameters.set_integers("padding", {sizes_.padding, sizes_.padding});
  if (sizes_.groups != 1) parameters.set_integer("groups", sizes_.groups);
  if (!bias_) parameters.set_boolean("bias", false);
  return only_output(
      autograd, conv2d_operator(), parameters,
      {{"x", lowered(autograd, x)}, {"weight", lowered(autograd, weight_)}, {"bias", lowered(autograd, bias_)}});
}

LayerNormLayer::LayerNormLayer(const ModelOptions& options, std::int64_t features, std::string weight, std::string bias,
                               double eps)
    : eps_(eps),
      weight_(add_parameter(weight, constant(options.dtype, {features}, 1.0))),
      bias_(add_parameter(bias, constant(options.dtype, {features}, 0.0))) {}

Variable LayerNormLayer::forward(Autograd& autograd, const Variable& x) {
  Parameters parameters;
  parameters.set_integers("normalized_shape", weight_.shape());
  parameters.set_real("eps", eps_);
  return only_output(autograd, layer_norm_operator(), parameters,
                     {{"x", raised(autograd, x)}, {"weight", weight_}, {"bias", bias_}});
}

EmbeddingLayer::EmbeddingLayer(const ModelOptions& options, std::int64_t count, std::int64_t features, double bound,
                               std::string weight)
    : weight_(add_parameter(weight, uniform(options, weight, {count, features}, bound))) {}

Variable EmbeddingLayer::forward(Autograd& autograd, const Variable& x) {
  const std::int64_t rows = weight_.shape()[0], *numbers = x.value().integers();
  if (x.dtype() != DType::i64) throw Error("an embedding of " + std::string(name_of(x.dtype())) + "; accepted: i64");
  for (std::int64_t i = 0; i < x.count(); ++i)
    if (numbers[i] < 0 || numbers[i] >= rows)
      throw Error("index out of range in self: " + std::to_string(numbers[i]) + "; accepted: 0 to " +
                  std::to_string(rows - 1));
  return only_output(autograd, embedding_operator(), {}, {{"weight", weight_}, {"indices", x}});
}

Variable relu(Autograd& autograd, const Variable& x) { return only_output(autograd, relu_operator(), {}, {{"x", x}}); }
Variable gelu(Autograd& autograd, const Variable& x) { return only_output(autograd, gelu_operator(), {}, {{"x", x}}); }
Variable tanh(Autograd& autograd, const Variable& x) { return only_output(autograd, tanh_operator(), {}, {{"x", x}}); }

Variable softmax(Autograd& autograd, const Variable& x, std::int64_t dim) {
  Parameters parameters;
  parameters.set_integer("dim", dim);
  return only_output(autograd, softmax_operator(), parameters, {{"x", raised(autograd, x)}});
}

Variable matmul(Autograd& autograd, const Variable& a, const Variable& b) {
  return only_output(autograd, matmul_operator(), {}, {{"a", lowered(autograd, a)}, {"b", lowered(autograd, b)}});
}

Variable scale(Autograd& autograd, const Variable& x, double alpha) {
  Parameters parameters;
  parameters.set_real("alpha", alpha);
  return only_output(autograd, add_operator(), parameters, {{"a", Variable(Values(x.dtype(), {1}))}, {"b", x}});
}

Variable mean(Autograd& autograd, const Variable& x, const std::vector<std::int64_t>& dims) {
  Parameters parameters;
  parameters.set_integers("dim", dims);
  return only_output(autograd, mean_operator(), parameters, {{"x", x}});
}

Variable max_pool2d(Autograd& autograd, const Variable& x, std::int64_t kernel, std::int64_t stride,
                    std::int64_t padding) {
  Parameters parameters;
  parameters.set_integers("kernel_size", {kernel, kernel});
  parameters.set_integers("stride", {stride, stride});
  parameters.set_integers("padding", {padding, padding});
  return only_output(autograd, max_pool2d_operator(), parameters, {{"x", x}});
}

Variable channel_shuffle(Autograd& autograd, const Variable& x, std::int64_t groups) {
  Parameters parameters;
  parameters.set_integer("groups", groups);
  return only_output(autograd, channel_shuffle_operator(), parameters, {{"x", x}});
}

Variable mse_loss(Autograd& autograd, const Variable& output, const Variable& target) {
  return only_output(autograd, mse_loss_operator(), {}, {{"input", raised(autograd, output)}, {"target", target}});
}

Variable cross_entropy(Autograd& autograd, const Variable& output, const Variable& target) {
  return only_output(autograd, cross_entropy_operator(), {}, {{"input", raised(autograd, output)}, {"target", target}});
}

}  // namespace lockstep
