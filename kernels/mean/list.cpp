// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "kernels/implementations.hpp"
#include "kernels/mean/plan.hpp"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep {

LOCKSTEP_DECLARE_KERNEL(mean_forward_staged_rows)
LOCKSTEP_DECLARE_KERNEL(mean_forward_warp_per_row)
LOCKSTEP_DECLARE_KERNEL(mean_forward_split_rows)
LOCKSTEP_DECLARE_KERNEL(mean_forward_stripes)
LOCKSTEP_DECLARE_KERNEL(mean_forward_any_axes)
LOCKSTEP_DECLARE_KERNEL(mean_backward_spread_in_rows)
LOCKSTEP_DECLARE_KERNEL(mean_backward_spread_in_stripes)
LOCKSTEP_DECLARE_KERNEL(mean_backward_any_axes)
Launch mean_forward_onednn(const Problem&, const Tensors&, Device&);
Launch mean_forward_cudnn(const Problem&, const Tensors&, Device&);

namespace {

using Reason = std::optional<std::string>;
constexpr const char* kNotRows = "takes means over the innermost axes in memory, with one stride from row to row";
constexpr const char* kNotStripes = "takes means whose neighbours lie in neighbouring elements";

Reason not_staged(const Problem& problem) {
  const auto rows = as_rows(plan_mean(problem));
  if (!rows) return kNotRows;
  if (rows->terms > kLongestStagedRow) return "rows of more than 512 terms are not staged in shared memory";
  if (rows->rows > 1 && rows->x_pitch != rows->terms) return "stages dense rows only";
  return std::nullopt;
}

Reason not_by_warps(const Problem& problem) {
  const auto rows = as_rows(plan_mean(problem));
  if (!rows) return kNotRows;
  constexpr std::int64_t kLongest = 16384, kFewRows = 512, kLongForFew = 2048;
  if (rows->terms > kLongest || (rows->rows < kFewRows && rows->terms > kLongForFew))
    return "rows are too long, or too few, for a warp each";
  return std::nullopt;
}

Reason not_split(const Problem& problem) {
  const auto rows = as_rows(plan_mean(problem));
  if (!rows) return kNotRows;
  constexpr std::int64_t kShortest = 1024;
  if (rows->terms < kShortest) return "a block of 512 threads has too little to do in rows of fewer than 1024 terms";
  return std::nullopt;
}

Reason not_stripes(const Problem& problem) { return as_stripes(plan_mean(problem)) ? Reason() : kNotStripes; }

Reason not_dense_rows(const Problem& problem) {
  const auto rows = as_rows(plan_mean(problem));
  if (!rows) return kNotRows;
  if (rows->rows > 1 && rows->x_pitch != rows->terms) return "takes dense rows only";
  if (rows->terms < kShortestSpreadRow) return "rows of fewer than 8 terms may begin twice in 16 bytes";
  if (rows->terms >= std::int64_t{1} << 31) return "rows of 2^31 elements and more have no 31-bit index";
  return std::nullopt;
}

/// What has neither rows nor stripes, or rows that the faster kernel does not take.
Reason has_faster(const Problem& problem) {
  const Mean op(problem);
  const bool forward = problem.direction == Direction::forward;
  const bool in_rows = forward ? as_rows(plan_mean(problem)).has_value() : !not_dense_rows(problem);
  if (in_rows || !not_stripes(problem)) return "rows and stripes have kernels of their own";
  if (element_count(op.shape) >= std::int64_t{1} << 31) return "2^31 elements and more have no 31-bit index";
  return std::nullopt;
}

Reason not_for_onednn(const Problem& problem) {
  const Mean op(problem);
  if (problem.dtype != DType::f32) return "oneDNN's reduction is compared in f32";
  if (op.terms == 0 || op.outputs == 0) return "oneDNN's reduction takes no empty tensors";
  if (op.terms == 1) return "oneDNN refuses a reduction that leaves the shape as it is";
  if (problem.layout == Layout::strided) return "oneDNN's reduction takes dense tensors";
  if (op.shape.size() > 12) return "oneDNN takes up to 12 axes";
  return std::nullopt;
}

Reason not_for_cudnn(const Problem& problem) {
  const Mean op(problem);
  if (op.terms == 0 || op.outputs == 0) return "cuDNN takes no empty tensors";
  if (op.terms == 1) return "cuDNN is not asked for a reduction that leaves the shape as it is";
  if (problem.dtype == DType::bf16) return "cuDNN's reduction is compared in f32 and f16";
  if (problem.layout == Layout::strided) return "cuDNN's reduction is compared on dense tensors";
  if (plan_mean(problem).size() > 4) return "cuDNN's descriptors hold four merged axes here";
  if (element_count(op.shape) >= std::int64_t{1} << 31) return "cuDNN takes fewer than 2^31 elements";
  return std::nullopt;
}

// What each kernel adds in parallel, as its file says. Where rows are read by 16-byte packs a thread's share of a short row
// is uneven: an eighth of the terms is then a count of chains that surely holds.
PrecisionContract staged_contract(const Problem& problem) {
  return float_accumulation(lanes_of_staged_row(Mean(problem).terms));
}
std::int64_t chains_of_row(std::int64_t terms, std::int64_t threads) {
  return std::clamp<std::int64_t>(terms / 8, 1, threads);
}
PrecisionContract warp_contract(const Problem& problem) {
  return float_accumulation(chains_of_row(Mean(problem).terms, 32));
}
PrecisionContract split_contract(const Problem& problem) {
  const auto rows = as_rows(plan_mean(problem));
  if (!rows) return float_accumulation(1);
  return float_accumulation(chains_of_row(rows->terms, kSplitRowThreads * parts_of_row(*rows)));
}
PrecisionContract stripes_contract(const Problem& problem) {
  const auto stripes = as_stripes(plan_mean(problem));
  if (!stripes) return float_accumulation(1);
  const auto chains = [&](int pack) {
    const StripeShape shape = stripe_shape(*stripes, pack);
    return kStripeSums * shape.row_threads * shape.parts;
  };
  // Which of the two runs depends on the pointers' alignment.
  return float_accumulation(std::min(chains(1), chains(problem.dtype == DType::f32 ? 4 : 8)));
}
PrecisionContract any_axes_contract(const Problem& problem) {
  constexpr std::int64_t kFlight = 4;
  return float_accumulation(kFlight * (Mean(problem).terms >= kTermsForABlock ? 256 : 32));
}
PrecisionContract unknown_order(const Problem&) { return float_accumulation(1); }
/// The backward divides once and adds nothing.
PrecisionContract one_division(const Problem&) { return float_accumulation(1); }

}  // namespace

std::vector<Implementation> mean_implementations() {
  constexpr Direction forward = Direction::forward, backward = Direction::backward;
  return {
      cuda_kernel("staged_rows", forward, LOCKSTEP_KERNEL(mean_forward_staged_rows), not_staged, staged_contract),
      cuda_kernel("warp_per_row", forward, LOCKSTEP_KERNEL(mean_forward_warp_per_row), not_by_warps, warp_contract),
      cuda_kernel("split_rows", forward, LOCKSTEP_KERNEL(mean_forward_split_rows), not_split, split_contract),
      cuda_kernel("stripes", forward, LOCKSTEP_KERNEL(mean_forward_stripes), not_stripes, stripes_contract),
      cuda_kernel("any_axes", forward, LOCKSTEP_KERNEL(mean_forward_any_axes), has_faster, any_axes_contract),
      cuda_kernel("spread_in_rows", backward, LOCKSTEP_KERNEL(mean_backward_spread_in_rows), not_dense_rows,
                  one_division),
      cuda_kernel("spread_in_stripes", backward, LOCKSTEP_KERNEL(mean_backward_spread_in_stripes), not_stripes,
                  one_division),
      cuda_kernel("any_axes", backward, LOCKSTEP_KERNEL(mean_backward_any_axes), has_faster, one_division),
      vendor_call(Backend::onednn, "reduction", forward, LOCKSTEP_ONEDNN(mean_forward_onednn), not_for_onednn,
                  unknown_order),
      vendor_call(Backend::cudnn, "reduce_tensor", forward, LOCKSTEP_CUDA_LIBRARY(mean_forward_cudnn), not_for_cudnn,
                  unknown_order),
  };
}

}  // namespace lockstep
