// SPDX-License-Identifier: Apache-2.0
#include "reference/models/small_transformer.hpp"

#include <cmath>

#include "harness/autograd/views.hpp"
#include "harness/data/error.hpp"

namespace lockstep {

SmallTransformer::SmallTransformer(const ModelOptions& options, const SmallTransformerSizes& sizes) : sizes_(sizes) {
  const std::int64_t features = sizes.features;
  if (sizes.heads <= 0 || features % sizes.heads != 0)
    throw Error("embed_dim must be divisible by num_heads: " + std::to_string(features) + " features, " +
                std::to_string(sizes.heads) + " heads");
  const auto linear = [&](std::int64_t in, std::int64_t out, const char* weight, const char* bias) {
    return add_child("", std::make_shared<LinearLayer>(options, in, out, weight, bias));
  };
  norm1_ = add_child("", std::make_shared<LayerNormLayer>(options, features, "ln1g", "ln1b"));
  query_ = linear(features, features, "wq", "bq");
  key_ = linear(features, features, "wk", "bk");
  value_ = linear(features, features, "wv", "bv");
  projection_ = linear(features, features, "wo", "bo");
  norm2_ = add_child("", std::make_shared<LayerNormLayer>(options, features, "ln2g", "ln2b"));
  widen_ = linear(features, sizes.hidden, "f1w", "f1b");
  narrow_ = linear(sizes.hidden, features, "f2w", "f2b");
  classifier_ = linear(features, sizes.classes, "w3", "b3");
}

Variable SmallTransformer::attention(Autograd& autograd, const Variable& x) {
  const std::int64_t rows = x.shape()[0], tokens = x.shape()[1], width = sizes_.features / sizes_.heads;
  // [N, tokens, features] as [N, heads, tokens, width]; the key's last two axes the other way round.
  const auto in_heads = [&](LinearLayer& layer, const std::vector<std::int64_t>& order) {
    return permute(autograd, reshape(autograd, layer(autograd, x), {rows, tokens, sizes_.heads, width}), order);
  };
  const Variable query = in_heads(*query_, {0, 2, 1, 3}), key = in_heads(*key_, {0, 2, 3, 1}),
                 value = in_heads(*value_, {0, 2, 1, 3});
  const Variable scores = scale(autograd, matmul(autograd, query, key), 1.0 / std::sqrt(static_cast<double>(width)));
  const Variable mixed = matmul(autograd, softmax(autograd, scores, -1), value);
  return (*projection_)(autograd,
                        reshape(autograd, permute(autograd, mixed, {0, 2, 1, 3}), {rows, tokens, sizes_.features}));
}

Variable SmallTransformer::forward(Autograd& autograd, const Variable& x) {
  Variable h = add(autograd, x, attention(autograd, (*norm1_)(autograd, x)));
  const Variable wide = gelu(autograd, (*widen_)(autograd, (*norm2_)(autograd, h)));
  h = add(autograd, h, (*narrow_)(autograd, wide));
  return (*classifier_)(autograd, mean(autograd, h, {1}));
}

}  // namespace lockstep
