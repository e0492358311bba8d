// SPDX-License-Identifier: Apache-2.0
#include "reference/embedding.hpp"

#include "harness/data/error.hpp"
#include "harness/numerics/sum.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/operators.hpp"

namespace lockstep {

Embedding::Embedding(const Problem& problem)
    : weight_shape(problem.shape("weight")), indices_shape(problem.shape("indices")) {
  const Parameters& given = problem.parameters;
  scale_grad_by_freq = given.boolean("scale_grad_by_freq", false);
  if (weight_shape.empty()) throw Refused("'weight' must be 2-D");
  num_embeddings = weight_shape[0];
  if (given.has("padding_idx") && !given.is_none("padding_idx")) {
    const std::int64_t padding_idx = given.integer("padding_idx", 0);
    // PyTorch lets a 0 pass where the table is empty.
    if (padding_idx > 0 ? padding_idx >= num_embeddings : padding_idx < -num_embeddings)
      throw Refused("Padding_idx must be within num_embeddings");
    padding_row = padding_idx < 0 ? padding_idx + num_embeddings : padding_idx;
  }
  if (weight_shape.size() != 2) throw Refused("'weight' must be 2-D");
  embedding_dim = weight_shape[1];
  if (num_embeddings == 0 && lookups() > 0) throw Refused("index_select(): self indexing axis dim should be positive");
  output_shape = indices_shape;
  output_shape.push_back(embedding_dim);
}

namespace {

template <class T>
class Forward {
 public:
  Forward(const Problem& problem, const Operands<T>& in)
      : dim_(Embedding(problem).embedding_dim), weight_(in[0]), indices_(in[1]) {}
  T element(std::size_t, std::int64_t index) const {
    return weight_[indices_.integer(index / dim_) * dim_ + index % dim_];
  }

 private:
  std::int64_t dim_;
  Operand<T> weight_, indices_;
};

template <class T>
class Backward {
 public:
  Backward(const Problem& problem, const Operands<T>& in)
      : op_(problem), g_(in[0]), lookups_(op_, [&](std::int64_t i) { return in[1].integer(i); }) {}

  T element(std::size_t, std::int64_t index) const {
    const std::int64_t row = index / op_.embedding_dim, column = index % op_.embedding_dim;
    if (row == op_.padding_row) return T(0.0);
    const auto begin = lookups_.begins[static_cast<std::size_t>(row)];
    const std::int64_t count = lookups_.begins[static_cast<std::size_t>(row) + 1] - begin;
    if (count == 0) return T(0.0);
    const auto gradient = [&](std::int64_t k) {
      return g_[lookups_.lookups[static_cast<std::size_t>(begin + k)] * op_.embedding_dim + column];
    };
    if (count == 1) return gradient(0);  // a copy, also where it is divided by one
    const T total = sum<T>(count, gradient);
    return op_.scale_grad_by_freq ? total / T(static_cast<double>(count)) : total;
  }

 private:
  Embedding op_;
  Operand<T> g_;
  EmbeddingLookups lookups_;
};

class EmbeddingOperator final : public FormulaOperator<Forward, Backward> {
 public:
  std::string_view name() const override { return "embedding"; }

  /// The padding row gets no gradient, and scale_grad_by_freq divides each row's by how often it was looked up.
  bool backward_is_derivative(const Problem& problem) const override {
    return !problem.parameters.boolean("scale_grad_by_freq", false) &&
           (!problem.parameters.has("padding_idx") || problem.parameters.is_none("padding_idx"));
  }

  Signature signature(const Problem& problem) const override {
    const Embedding op(problem);
    const bool forward = problem.direction == Direction::forward;
    Signature s;
    if (forward)
      s.inputs.push_back({"weight", Role::input, problem.dtype, op.weight_shape, {.takes_special = true}});
    else
      s.inputs.push_back({"g_y", Role::gradient, problem.dtype, op.output_shape, {.takes_special = true}, true});
    s.inputs.push_back(
        {"indices", Role::input, DType::i64, op.indices_shape, {.low = 0, .high = op.num_embeddings - 1}});
    if (forward)
      s.outputs.push_back({"y", Role::output, problem.dtype, op.output_shape, {}, true, true});
    else  // division by a count rounds
      s.outputs.push_back(
          {"d_weight", Role::output, problem.dtype, op.weight_shape, {}, false, !op.scale_grad_by_freq});
    return s;
  }

  /// An addition per looked-up element in the backward; bytes: the looked-up elements and the indices once, and in the
  /// forward the elements written, in the backward the whole table.
  Cost cost(const Problem& problem) const override {
    const Embedding op(problem);
    const auto moved = static_cast<double>(element_count(op.output_shape)),
               size = static_cast<double>(size_in_bytes(problem.dtype)),
               indices = static_cast<double>(op.lookups()) * static_cast<double>(size_in_bytes(DType::i64));
    if (problem.direction == Direction::forward) return {0, 2 * moved * size + indices};
    return {moved, (moved + static_cast<double>(element_count(op.weight_shape))) * size + indices};
  }

  void check_inputs(const Problem& problem, const std::vector<Values>& inputs) const override {
    const Embedding op(problem);
    for (std::int64_t i = 0; i < inputs[1].count(); ++i)
      if (inputs[1].integers()[i] < 0 || inputs[1].integers()[i] >= op.num_embeddings)
        throw Refused("index out of range in self");
  }

  std::vector<Fault> faults(const Problem& problem) const override { return embedding_faults(problem); }

  std::vector<Fill> fills() const override { return {Fill::normal, Fill::exact, Fill::adversarial, Fill::special}; }
};

}  // namespace

const Operator& embedding_operator() {
  static const EmbeddingOperator instance;
  return instance;
}

}  // namespace lockstep
