// SPDX-License-Identifier: Apache-2.0
#include "reference/embedding.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/data/error.hpp"
#include "reference/gradient_check.hpp"
#include "reference/hand_computed.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

using Numbers = std::vector<double>;

Values tensor(DType dtype, const Shape& shape, const Numbers& elements) {
  Values values(dtype, shape);
  for (std::size_t i = 0; i < elements.size(); ++i) values.set(static_cast<std::int64_t>(i), elements[i]);
  return values;
}

/// The gradient of a table of `rows` rows of one number that is looked up at `indices` and gets the gradients `g`.
Numbers gradient(std::int64_t rows, const Numbers& indices, const Numbers& g, const std::string& parameters) {
  const auto count = static_cast<std::int64_t>(indices.size());
  const Problem problem = parse_problem(
      "embedding.backward", "weight=" + std::to_string(rows) + "x1,indices=" + std::to_string(count) + parameters);
  const std::vector<Values> inputs{tensor(DType::f32, {count, 1}, g), tensor(DType::i64, {count}, indices)};
  const auto backward = embedding_operator().in_double(problem, operands_of<double>(inputs));
  Numbers d_weight;
  for (std::int64_t i = 0; i < rows; ++i) d_weight.push_back(backward->element(0, i));
  return d_weight;
}

TEST(Embedding, ReadsRowsThePaddingRowToo) {
  const Problem problem = parse_problem("embedding.forward", "weight=3x2,indices=2x2,padding_idx=2");
  const std::vector<Values> inputs{tensor(DType::f32, {3, 2}, {10, 11, 20, 21, 30, 31}),
                                   tensor(DType::i64, {2, 2}, {2, 0, 1, 1})};
  const auto forward = embedding_operator().in_double(problem, operands_of<double>(inputs));
  const Numbers expected{30, 31, 10, 11, 20, 21, 20, 21};
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_EQ(forward->element(0, static_cast<std::int64_t>(i)), expected[i]) << i;
  EXPECT_EQ(Embedding(problem).output_shape, (Shape{2, 2, 2}));
}

TEST(Embedding, AScalarIndexReadsOneRow) {
  EXPECT_EQ(Embedding(parse_problem("embedding.forward", "weight=3x2,indices=scalar")).output_shape, (Shape{2}));
}

TEST(Embedding, GradientsOfOneRowAddUp) {
  EXPECT_EQ(gradient(4, {1, 3, 1, 1}, {10, 20, 30, 40}, ""), (Numbers{0, 80, 0, 20}));
}

TEST(Embedding, ThePaddingRowHasNoGradient) {
  EXPECT_EQ(gradient(3, {0, 1, 2, 1}, {1, 2, 4, 8}, ",padding_idx=1"), (Numbers{1, 0, 4}));
  EXPECT_EQ(gradient(3, {0, 1, 2, 1}, {1, 2, 4, 8}, ",padding_idx=_1"), (Numbers{1, 10, 0}));
  EXPECT_EQ(gradient(3, {0, 1, 2, 1}, {1, 2, 4, 8}, ",padding_idx=none"), (Numbers{1, 10, 4}));
}

TEST(Embedding, FrequencyDividesByTheLookupsOfTheRow) {
  EXPECT_EQ(gradient(3, {2, 1, 2, 2, 2}, {1, 2, 4, 8, 16}, ",scale_grad_by_freq=true"), (Numbers{0, 2, 29.0 / 4}));
}

TEST(Embedding, BackwardIsTheDerivative) {
  for (const char* label : {"weight=7x4,indices=3", "weight=5x3,indices=4x6", "weight=5x3,indices=scalar"})
    EXPECT_LT(gradient_discrepancy(embedding_operator(), parse_problem("embedding.backward", label), 3), 1e-12)
        << label;
}

std::string refusal(const std::string& label) {
  return refusal_of<Embedding>(parse_problem("embedding.forward", label));
}

TEST(Embedding, RefusesAsPyTorchDoes) {
  EXPECT_EQ(refusal("weight=4,indices=1"), "'weight' must be 2-D");
  EXPECT_EQ(refusal("weight=4x2x2,indices=1"), "'weight' must be 2-D");
  EXPECT_EQ(refusal("weight=4x2,indices=1,padding_idx=4"), "Padding_idx must be within num_embeddings");
  EXPECT_EQ(refusal("weight=4x2,indices=1,padding_idx=_5"), "Padding_idx must be within num_embeddings");
  EXPECT_EQ(refusal("weight=4x2,indices=1,padding_idx=_4"), "accepted");
  EXPECT_EQ(refusal("weight=0x2,indices=1"), "index_select(): self indexing axis dim should be positive");
  EXPECT_EQ(refusal("weight=0x2,indices=0x3"), "accepted");
}

TEST(Embedding, RefusesIndicesOutsideOfTheTable) {
  const Problem problem = parse_problem("embedding.forward", "weight=4x1,indices=2");
  const auto refuses = [&](double index) {
    try {
      embedding_operator().check_inputs(problem, {Values(DType::f32, {4, 1}), tensor(DType::i64, {2}, {0, index})});
    } catch (const Refused& refused) {
      return std::string(refused.what()) == "index out of range in self";
    }
    return false;
  };
  EXPECT_TRUE(refuses(4));
  EXPECT_TRUE(refuses(-1));
  EXPECT_FALSE(refuses(3));
}

}  // namespace
}  // namespace lockstep
