// SPDX-License-Identifier: Apache-2.0
#include "reference/models/bert.hpp"

#include <cmath>

#include "harness/autograd/views.hpp"
#include "harness/data/error.hpp"
#include "reference/models/attention.hpp"

namespace lockstep {
namespace {

constexpr double kEps = 1e-12;

/// 0, 1, ... tokens - 1 in every row.
Values position_numbers(std::int64_t rows, std::int64_t tokens) {
  Values numbers(DType::i64, {rows, tokens});
  for (std::int64_t i = 0; i < numbers.count(); ++i) numbers.integers()[i] = i % tokens;
  return numbers;
}

std::shared_ptr<LinearLayer> linear(const ModelOptions& options, std::int64_t in, std::int64_t out) {
  return std::make_shared<LinearLayer>(options, in, out);
}

std::shared_ptr<LayerNormLayer> layer_norm(const ModelOptions& options, std::int64_t features) {
  return std::make_shared<LayerNormLayer>(options, features, "weight", "bias", kEps);
}

}  // namespace

BertLayer::BertLayer(const ModelOptions& options, const BertSizes& sizes) : heads_(sizes.num_attention_heads) {
  const std::int64_t hidden = sizes.hidden_size;
  expect_heads_divide(hidden, heads_);
  const auto add_linear = [&](const std::string& name, std::int64_t in, std::int64_t out) {
    return add_child(name, linear(options.within(name), in, out));
  };
  const auto add_norm = [&](const std::string& name) {
    return add_child(name, layer_norm(options.within(name), hidden));
  };
  query_ = add_linear("attention.self.query", hidden, hidden);
  key_ = add_linear("attention.self.key", hidden, hidden);
  value_ = add_linear("attention.self.value", hidden, hidden);
  projection_ = add_linear("attention.output.dense", hidden, hidden);
  norm1_ = add_norm("attention.output.LayerNorm");
  widen_ = add_linear("intermediate.dense", hidden, sizes.intermediate_size);
  narrow_ = add_linear("output.dense", sizes.intermediate_size, hidden);
  norm2_ = add_norm("output.LayerNorm");
}

Variable BertLayer::forward(Autograd& autograd, const Variable& x) {
  const Variable mixed =
      attention(autograd, (*query_)(autograd, x), (*key_)(autograd, x), (*value_)(autograd, x), heads_);
  const Variable h = (*norm1_)(autograd, add(autograd, (*projection_)(autograd, mixed), x));
  const Variable wide = gelu(autograd, (*widen_)(autograd, h));
  return (*norm2_)(autograd, add(autograd, (*narrow_)(autograd, wide), h));
}

Bert::Bert(const ModelOptions& options, const BertSizes& sizes) {
  const std::int64_t hidden = sizes.hidden_size;
  // Uniform with the standard deviation 0.02 of the published initializer_range.
  const double bound = 0.02 * std::sqrt(3.0);
  const auto embedding = [&](const std::string& kind, std::int64_t count) {
    const std::string name = "bert.embeddings." + kind + "_embeddings";
    return add_child(name, std::make_shared<EmbeddingLayer>(options.within(name), count, hidden, bound));
  };
  words_ = embedding("word", sizes.vocab_size);
  positions_ = embedding("position", sizes.max_position_embeddings);
  segments_ = embedding("token_type", sizes.type_vocab_size);
  const std::string norm = "bert.embeddings.LayerNorm", pooler = "bert.pooler.dense", classifier = "classifier";
  norm_ = add_child(norm, layer_norm(options.within(norm), hidden));
  for (std::int64_t i = 0; i < sizes.num_hidden_layers; ++i) {
    const std::string name = "bert.encoder.layer." + std::to_string(i);
    layers_.push_back(add_child(name, std::make_shared<BertLayer>(options.within(name), sizes)));
  }
  pooler_ = add_child(pooler, linear(options.within(pooler), hidden, hidden));
  classifier_ = add_child(classifier, linear(options.within(classifier), hidden, sizes.classes));
}

Variable Bert::forward(Autograd& autograd, const Variable& x) {
  if (x.shape().size() != 2)
    throw Error("token numbers of shape " + to_text(x.shape()) + "; accepted: rows and tokens");
  const std::int64_t rows = x.shape()[0], tokens = x.shape()[1];
  const Variable first_segment(Values(DType::i64, {rows, tokens}));
  Variable h = add(autograd, (*words_)(autograd, x), (*segments_)(autograd, first_segment));
  h = (*norm_)(autograd, add(autograd, h, (*positions_)(autograd, Variable(position_numbers(rows, tokens)))));
  for (const auto& layer : layers_) h = (*layer)(autograd, h);
  const Variable first_token = reshape(autograd, narrow(autograd, h, 1, 0, 1), {rows, h.shape()[2]});
  return (*classifier_)(autograd, tanh(autograd, (*pooler_)(autograd, first_token)));
}

}  // namespace lockstep
