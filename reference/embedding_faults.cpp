// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "harness/plan/formula_operator.hpp"
#include "reference/embedding.hpp"

namespace lockstep {
namespace {

using Wrong = std::unique_ptr<Evaluator<double>>;
using Inputs = std::vector<Values>;

/// Reads weight element `at(op, row, column)` for the looked-up row; -1 reads zero.
Fault wrong_read(std::string id, std::string description, bool (*exists)(const Embedding&),
                 std::int64_t (*at)(const Embedding&, std::int64_t row, std::int64_t column)) {
  return {std::move(id), std::move(description), [exists, at](const Problem& problem, const Inputs& in) -> Wrong {
            const Embedding op(problem);
            if (!exists(op)) return nullptr;
            return std::make_unique<WrongAnswer>([&in, op, at](std::size_t, std::int64_t i) {
              const std::int64_t from = at(op, in[1].integers()[i / op.embedding_dim], i % op.embedding_dim);
              return from < 0 ? 0.0 : in[0][from];
            });
          }};
}

/// Gradients of a row's lookups, in ascending order.
class RowGradients {
 public:
  RowGradients(const Embedding& op, const Inputs& in, const EmbeddingLookups& all, std::int64_t row,
               std::int64_t column)
      : g_(in[0]),
        first_(all.lookups.data() + all.begins[static_cast<std::size_t>(row)]),
        count_(all.begins[static_cast<std::size_t>(row) + 1] - all.begins[static_cast<std::size_t>(row)]),
        dim_(op.embedding_dim),
        column_(column) {}
  std::int64_t count() const { return count_; }
  double operator[](std::int64_t k) const { return g_[first_[k] * dim_ + column_]; }
  double sum_of_first(std::int64_t terms) const {
    double total = 0;
    for (std::int64_t k = 0; k < terms; ++k) total += (*this)[k];
    return total;
  }

 private:
  const Values& g_;
  const std::int64_t* first_;
  std::int64_t count_, dim_, column_;
};

/// Rows without a padding_idx' gradient, summed by `total` and divided by `divisor`.
using Total = double (*)(const RowGradients&);
Fault wrong_sum(std::string id, std::string description, bool (*exists)(const Embedding&), bool spares_padding,
                Total total) {
  return {std::move(id), std::move(description),
          [exists, spares_padding, total](const Problem& problem, const Inputs& in) -> Wrong {
            const Embedding op(problem);
            if (!exists(op)) return nullptr;
            return std::make_unique<WrongAnswer>(
                [&in, op, spares_padding, total, all = EmbeddingLookups(op, [&in](std::int64_t i) {
                                                   return in[1].integers()[i];
                                                 })](std::size_t, std::int64_t i) {
                  const std::int64_t row = i / op.embedding_dim;
                  if (spares_padding && row == op.padding_row) return 0.0;
                  const RowGradients gradients(op, in, all, row, i % op.embedding_dim);
                  return gradients.count() == 0 ? 0.0 : total(gradients);
                });
          }};
}

bool always(const Embedding&) { return true; }
bool scales(const Embedding& op) { return op.scale_grad_by_freq; }
bool does_not_scale(const Embedding& op) { return !op.scale_grad_by_freq; }
bool pads(const Embedding& op) { return op.padding_row >= 0; }

double whole_sum(const RowGradients& g) { return g.sum_of_first(g.count()); }
double average(const RowGradients& g) { return whole_sum(g) / static_cast<double>(g.count()); }

std::vector<Fault> forward_faults() {
  return {
      wrong_read(
          "neighbouring_row", "the row behind the right one is read",
          [](const Embedding& op) { return op.num_embeddings > 1; },
          [](const Embedding& op, std::int64_t row, std::int64_t column) {
            return (row + 1) % op.num_embeddings * op.embedding_dim + column;
          }),
      wrong_read(
          "transposed_table", "the table is read along its columns",
          [](const Embedding& op) { return op.num_embeddings > 1 && op.embedding_dim > 1; },
          [](const Embedding& op, std::int64_t row, std::int64_t column) { return column * op.num_embeddings + row; }),
      wrong_read("padding_row_reads_zero", "the padding row is read as zeros", pads,
                 [](const Embedding& op, std::int64_t row, std::int64_t column) {
                   return row == op.padding_row ? -1 : row * op.embedding_dim + column;
                 }),
      wrong_read(
          "index_in_bf16", "the index passes through bfloat16",
          [](const Embedding& op) { return op.num_embeddings > 257; },
          [](const Embedding& op, std::int64_t row, std::int64_t column) {
            const auto rounded = static_cast<std::int64_t>(round_to(DType::bf16, static_cast<double>(row)));
            return std::min(rounded, op.num_embeddings - 1) * op.embedding_dim + column;
          }),
  };
}

std::vector<Fault> backward_faults() {
  return {
      wrong_sum("last_lookup_wins", "lookups of one row overwrite each other", always, true,
                [](const RowGradients& g) { return g[g.count() - 1]; }),
      wrong_sum("last_lookup_dropped", "the last lookup of every row is not added", does_not_scale, true,
                [](const RowGradients& g) { return g.sum_of_first(g.count() - 1); }),
      wrong_sum("padding_gets_gradient", "the padding row gets its gradient", pads, false,
                [](const RowGradients& g) { return whole_sum(g); }),
      wrong_sum("frequency_ignored", "the sum is not divided by the number of lookups", scales, true, whole_sum),
      wrong_sum("frequency_off_by_one", "divided by one lookup more", scales, true,
                [](const RowGradients& g) { return whole_sum(g) / static_cast<double>(g.count() + 1); }),
      wrong_sum("averaged", "the average of the lookups where their sum is asked for", does_not_scale, true, average),
  };
}

}  // namespace

std::vector<Fault> embedding_faults(const Problem& problem) {
  return problem.direction == Direction::forward ? forward_faults() : backward_faults();
}

}  // namespace lockstep
