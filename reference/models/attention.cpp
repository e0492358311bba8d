// SPDX-License-Identifier: Apache-2.0
#include "reference/models/attention.hpp"

#include <cmath>

#include "harness/autograd/views.hpp"
#include "harness/data/error.hpp"

namespace lockstep {

void expect_heads_divide(std::int64_t features, std::int64_t heads) {
  if (heads <= 0 || features % heads != 0)
    throw Error("embed_dim must be divisible by num_heads: " + std::to_string(features) + " features, " +
                std::to_string(heads) + " heads");
}

Variable attention(Autograd& autograd, const Variable& query, const Variable& key, const Variable& value,
                   std::int64_t heads) {
  const std::int64_t rows = query.shape()[0], tokens = query.shape()[1], features = query.shape()[2];
  expect_heads_divide(features, heads);
  const std::int64_t width = features / heads;
  // [N, tokens, features] as [N, heads, tokens, width]; the key's last two axes the other way round.
  const auto in_heads = [&](const Variable& x, const std::vector<std::int64_t>& order) {
    return permute(autograd, reshape(autograd, x, {rows, tokens, heads, width}), order);
  };
  const Variable scores = scale(autograd, matmul(autograd, in_heads(query, {0, 2, 1, 3}), in_heads(key, {0, 2, 3, 1})),
                                1.0 / std::sqrt(static_cast<double>(width)));
  const Variable mixed = matmul(autograd, softmax(autograd, scores, -1), in_heads(value, {0, 2, 1, 3}));
  return reshape(autograd, permute(autograd, mixed, {0, 2, 1, 3}), {rows, tokens, features});
}

}  // namespace lockstep
