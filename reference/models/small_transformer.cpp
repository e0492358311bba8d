// SPDX-License-Identifier: Apache-2.0
#include "reference/models/small_transformer.hpp"

#include "harness/autograd/views.hpp"
#include "reference/models/attention.hpp"

namespace lockstep {

SmallTransformer::SmallTransformer(const ModelOptions& options, const SmallTransformerSizes& sizes) : sizes_(sizes) {
  const std::int64_t features = sizes.features;
  expect_heads_divide(features, sizes.heads);
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

Variable SmallTransformer::forward(Autograd& autograd, const Variable& x) {
  const Variable normed = (*norm1_)(autograd, x);
  const Variable mixed = attention(autograd, (*query_)(autograd, normed), (*key_)(autograd, normed),
                                   (*value_)(autograd, normed), sizes_.heads);
  Variable h = add(autograd, x, (*projection_)(autograd, mixed));
  const Variable wide = gelu(autograd, (*widen_)(autograd, (*norm2_)(autograd, h)));
  h = add(autograd, h, (*narrow_)(autograd, wide));
  return (*classifier_)(autograd, mean(autograd, h, {1}));
}

}  // namespace lockstep
