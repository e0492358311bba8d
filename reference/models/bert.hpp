// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reference/models/model.hpp"

namespace lockstep {

/// Names and numbers of the configuration that was published with the weights of BERT-base, uncased
/// (github.com/google-research/bert, bert_config.json): 30522 word pieces, 12 layers, 12 heads.
struct BertSizes {
  std::int64_t vocab_size = 30522, hidden_size = 768, num_hidden_layers = 12, num_attention_heads = 12,
               intermediate_size = 3072, max_position_embeddings = 512, type_vocab_size = 2, classes = 2;

  static BertSizes base() { return {}; }
  static BertSizes tiny() { return {32, 16, 2, 2, 64, 12, 2, 3}; }
};

/// One encoder layer, norms behind the sums: h = LN(x + W attention(x)), y = LN(h + narrow(gelu(widen(h)))).
/// x, y [N, tokens, hidden].
class BertLayer final : public Module {
 public:
  BertLayer(const ModelOptions& options, const BertSizes& sizes);

 private:
  Variable forward(Autograd& autograd, const Variable& x) override;
  std::int64_t heads_;
  std::shared_ptr<LinearLayer> query_, key_, value_, projection_, widen_, narrow_;
  std::shared_ptr<LayerNormLayer> norm1_, norm2_;
};

/// BERT (Devlin et al. 2018, arXiv 1810.04805, sections 3 and A.2) with the pooler and one linear layer that classifies a
/// sequence by its first token. Sequences are of one segment and full length (so there is no mask), without dropout; gelu
/// by erf, eps 1e-12. Tensors are named as in transformers' BertForSequenceClassification. x i64 [N, tokens], words; target
/// i64 [N].
class Bert final : public Model {
 public:
  Bert(const ModelOptions& options, const BertSizes& sizes);
  Loss loss_kind() const override { return Loss::cross_entropy; }

 private:
  /// Throws Error for a word that is not in the vocabulary and for more tokens than positions.
  Variable forward(Autograd& autograd, const Variable& x) override;
  std::shared_ptr<EmbeddingLayer> words_, positions_, segments_;
  std::shared_ptr<LayerNormLayer> norm_;
  std::vector<std::shared_ptr<BertLayer>> layers_;
  std::shared_ptr<LinearLayer> pooler_, classifier_;
};

}  // namespace lockstep
