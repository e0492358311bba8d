// SPDX-License-Identifier: Apache-2.0
// Idea: a lookup copies a row without looking at its numbers, so rows are moved as words of up to 16 bytes whatever their
// dtype.
// Layout: threads walk the words of y in order, kWords of them a block apart; neighbouring threads copy one row.
// Fast because: loads and stores are coalesced and as wide as the rows' alignment allows; the indices of a thread's words
// are loaded together, then the words, so that the two dependent latencies are paid once; the lanes of a warp read an
// index in one broadcast.
#include <cstdint>

#include "kernels/embedding/rows.hpp"
#include "kernels/shared/fast_division.cuh"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/scalar.cuh"
#include "reference/embedding.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kThreads = 256;
constexpr int kWords = 4;

/// Extents and pitches in words.
struct RowCopies {
  const std::int64_t* indices;
  unsigned words;
  std::int64_t weight_pitch, y_pitch;
  FastDivision words_per_row;
};

template <class Word>
__global__ void __launch_bounds__(kThreads)
    row_copies(RowCopies copies, const Word* __restrict__ weight, Word* __restrict__ y) {
  const unsigned first = blockIdx.x * (kThreads * kWords) + threadIdx.x;
  std::int64_t from[kWords];
  Word moved[kWords];
#pragma unroll
  for (int k = 0; k < kWords; ++k) {
    const unsigned word = first + static_cast<unsigned>(k) * kThreads;
    if (word >= copies.words) continue;
    const unsigned lookup = copies.words_per_row.quotient(word);
    from[k] = copies.indices[lookup] * copies.weight_pitch + (word - lookup * copies.words_per_row.divisor());
  }
#pragma unroll
  for (int k = 0; k < kWords; ++k)
    if (first + static_cast<unsigned>(k) * kThreads < copies.words) moved[k] = weight[from[k]];
#pragma unroll
  for (int k = 0; k < kWords; ++k) {
    const unsigned word = first + static_cast<unsigned>(k) * kThreads;
    if (word >= copies.words) continue;
    const unsigned lookup = copies.words_per_row.quotient(word);
    y[lookup * copies.y_pitch + (word - lookup * copies.words_per_row.divisor())] = moved[k];
  }
}

template <class Word>
Launch launch_of(const Embedding& op, std::int64_t element_bytes, const Tensors& tensors, Device& device) {
  const auto words = [&](std::int64_t elements) {
    return elements * element_bytes / static_cast<std::int64_t>(sizeof(Word));
  };
  const RowCopies copies{.indices = tensors.inputs[1].as<const std::int64_t>(),
                         .words = static_cast<unsigned>(op.lookups() * words(op.embedding_dim)),
                         .weight_pitch = words(op.embedding_dim),
                         .y_pitch = words(row_pitch(tensors.outputs[0])),
                         .words_per_row = FastDivision(static_cast<unsigned>(words(op.embedding_dim)))};
  constexpr std::int64_t kPerBlock = kThreads * kWords;
  const LaunchShape shape{(copies.words + kPerBlock - 1) / kPerBlock, kThreads, 0};
  return [=, weight = tensors.inputs[0].as<const Word>(), y = tensors.outputs[0].as<Word>(), stream = device.stream()] {
    launch(row_copies<Word>, shape, stream, copies, weight, y);
  };
}

}  // namespace

Launch embedding_forward_row_copies(const Problem& problem, const Tensors& tensors, Device& device) {
  const Embedding op(problem);
  if (element_count(op.output_shape) == 0) return [] {};
  const auto element_bytes = static_cast<std::int64_t>(size_in_bytes(problem.dtype));
  const auto fits = [&](std::int64_t bytes) {
    return op.embedding_dim * element_bytes % bytes == 0 &&
           row_pitch(tensors.outputs[0]) * element_bytes % bytes == 0 &&
           tensors.inputs[0].is_aligned(static_cast<std::size_t>(bytes)) &&
           tensors.outputs[0].is_aligned(static_cast<std::size_t>(bytes));
  };
  if (fits(16)) return launch_of<uint4>(op, element_bytes, tensors, device);
  if (fits(8)) return launch_of<uint2>(op, element_bytes, tensors, device);
  if (fits(4)) return launch_of<unsigned>(op, element_bytes, tensors, device);
  return launch_of<unsigned short>(op, element_bytes, tensors, device);
}

}  // namespace lockstep::LOCKSTEP_BACKEND
