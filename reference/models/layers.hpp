// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "harness/autograd/module.hpp"

namespace lockstep {

/// How a model's tensors begin: the dtype of its parameters, and the seed of their numbers.
struct ModelOptions {
  DType dtype = DType::f32;
  std::uint64_t seed = 0;
  /// Name of the part that is being built ("layer1.0."): each part draws its own numbers.
  std::string scope = {};

  ModelOptions within(const std::string& part) const { return {dtype, seed, scope + part + "."}; }
};

/// Uniform on (-bound, bound), a function of the seed and the tensor's full name alone: ranks that build the same model
/// begin with the same numbers.
Values uniform(const ModelOptions& options, const std::string& name, const Shape& shape, double bound);
Values constant(DType dtype, const Shape& shape, double value);

/// y = x weight' + bias. weight [out, in], bias [out]; both begin uniform in +-1/sqrt(in), as torch.nn.Linear does.
/// The tensors' names are given whole, so that a model can have them as its source has them.
class LinearLayer final : public Module {
 public:
  LinearLayer(const ModelOptions& options, std::int64_t in_features, std::int64_t out_features,
              std::string weight = "weight", std::string bias = "bias");

 private:
  Variable forward(Autograd& autograd, const Variable& x) override;
  Variable weight_, bias_;
};

struct Conv2dSizes {
  std::int64_t in_channels = 0, out_channels = 0, kernel = 3, stride = 1, padding = 1, groups = 1;
};

/// 2-d convolution with square kernels. weight [out, in / groups, kernel, kernel], bias [out] (none where its name is
/// empty); both begin uniform in +-1/sqrt(in / groups kernel^2), as torch.nn.Conv2d does.
class Conv2dLayer final : public Module {
 public:
  Conv2dLayer(const ModelOptions& options, const Conv2dSizes& sizes, std::string weight = "weight",
              std::string bias = "");

 private:
  Variable forward(Autograd& autograd, const Variable& x) override;
  Conv2dSizes sizes_;
  Variable weight_, bias_;
};

/// Layer normalisation over the last axis; weight and bias [features] begin at 1 and 0.
class LayerNormLayer final : public Module {
 public:
  LayerNormLayer(const ModelOptions& options, std::int64_t features, std::string weight = "weight",
                 std::string bias = "bias", double eps = 1e-5);

 private:
  Variable forward(Autograd& autograd, const Variable& x) override;
  double eps_;
  Variable weight_, bias_;
};

/// Rows of a table: x i64 [*] to [*, features]. weight [count, features] begins uniform in +-bound. No padding row.
class EmbeddingLayer final : public Module {
 public:
  EmbeddingLayer(const ModelOptions& options, std::int64_t count, std::int64_t features, double bound,
                 std::string weight = "weight");

 private:
  /// Throws Error for a number that is no row.
  Variable forward(Autograd& autograd, const Variable& x) override;
  Variable weight_;
};

// torch.nn.functional by name, for models. Under the autograd's autocast, matrix products and convolutions take their
// operands in the lower precision, losses and softmax in float32, and everything else what it is given: the rule of
// torch.autocast.
Variable relu(Autograd& autograd, const Variable& x);
Variable gelu(Autograd& autograd, const Variable& x);
Variable tanh(Autograd& autograd, const Variable& x);
Variable softmax(Autograd& autograd, const Variable& x, std::int64_t dim);
Variable matmul(Autograd& autograd, const Variable& a, const Variable& b);
/// alpha x, by the operator add: 0 + alpha x rounds once, as a product does.
Variable scale(Autograd& autograd, const Variable& x, double alpha);
Variable mean(Autograd& autograd, const Variable& x, const std::vector<std::int64_t>& dims);
Variable max_pool2d(Autograd& autograd, const Variable& x, std::int64_t kernel, std::int64_t stride,
                    std::int64_t padding);
/// x [N, channels, H, W].
Variable channel_shuffle(Autograd& autograd, const Variable& x, std::int64_t groups);
/// Mean over the rows of a batch.
Variable mse_loss(Autograd& autograd, const Variable& output, const Variable& target);
/// target: class numbers, i64 [N].
Variable cross_entropy(Autograd& autograd, const Variable& output, const Variable& target);

}  // namespace lockstep
