// SPDX-License-Identifier: Apache-2.0
#include "kernels/implementations.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "reference/embedding.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(embedding_forward_row_copies)
LOCKSTEP_DECLARE_KERNEL(embedding_backward_sorted_lookups)

namespace {

// Kernels count rows, lookups and words in 32 bits.
constexpr std::int64_t kMostCounted = std::int64_t{1} << 30;

/// The forward copies; in the backward a row's lookups may all stand in one chain.
PrecisionContract one_chain(const Problem&) { return float_accumulation(1); }

std::optional<std::string> no_rows(const Problem& problem) {
  const Embedding op(problem);
  if (problem.layout == Layout::channels_last && op.output_shape.size() >= 4)
    return "moves rows of the last axis, which channels_last takes apart";
  if (op.num_embeddings > kMostCounted || op.embedding_dim > kMostCounted ||
      element_count(op.output_shape) > kMostCounted)
    return "more than 2^30 rows or elements are not counted in 32 bits";
  return std::nullopt;
}

std::optional<std::string> no_sums(const Problem& problem) {
  constexpr std::int64_t kMostSlabs = 65535, kNarrowestSlab = 32;
  if (Embedding(problem).embedding_dim > kMostSlabs * kNarrowestSlab) return "rows longer than 2^21";
  return no_rows(problem);
}

}  // namespace

std::vector<Implementation> embedding_implementations() {
  return {
      cuda_kernel("row_copies", Direction::forward, LOCKSTEP_KERNEL(embedding_forward_row_copies), no_rows, one_chain),
      cuda_kernel("sorted_lookups", Direction::backward, LOCKSTEP_KERNEL(embedding_backward_sorted_lookups), no_sums,
                  one_chain),
  };
}

}  // namespace lockstep
