// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reference/models/model.hpp"

namespace lockstep {

struct SmallTransformerSizes {
  std::int64_t features = 8, heads = 2, hidden = 16, classes = 3;
};

/// One pre-norm transformer layer (Vaswani et al. 2017, arXiv 1706.03762, sections 3.2, 3.3) under a classifier:
/// h = x + attention(ln1(x)); h = h + f2(gelu(f1(ln2(h)))); mean over tokens; linear w3, b3; cross-entropy.
/// x [N, tokens, features], target i64 [N]. Attention: q, k, v = linear(wq, bq), (wk, bk), (wv, bv), split into heads,
/// softmax(q k' / sqrt(features / heads)) v, then linear(wo, bo).
class SmallTransformer final : public Model {
 public:
  /// Throws Error unless heads divides features.
  SmallTransformer(const ModelOptions& options, const SmallTransformerSizes& sizes);
  Loss loss_kind() const override { return Loss::cross_entropy; }

 private:
  Variable forward(Autograd& autograd, const Variable& x) override;

  SmallTransformerSizes sizes_;
  std::shared_ptr<LayerNormLayer> norm1_, norm2_;
  std::shared_ptr<LinearLayer> query_, key_, value_, projection_, widen_, narrow_, classifier_;
};

}  // namespace lockstep
