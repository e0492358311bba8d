// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reference/models/layers.hpp"

namespace lockstep {

/// Scaled dot-product attention of every head (Vaswani et al. 2017, arXiv 1706.03762, section 3.2), no mask:
/// softmax(q k' / sqrt(features / heads)) v, with heads lying one behind the other in the features. All [N, tokens,
/// features]. Throws Error with PyTorch's message where heads do not divide features.
Variable attention(Autograd& autograd, const Variable& query, const Variable& key, const Variable& value,
                   std::int64_t heads);

/// Throws that Error: for constructors, so that a model that cannot run is not built.
void expect_heads_divide(std::int64_t features, std::int64_t heads);

}  // namespace lockstep
