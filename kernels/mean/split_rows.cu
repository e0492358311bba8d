// SPDX-License-Identifier: Apache-2.0
// Idea: few long rows (the mean of a whole tensor) are cut into a fixed number of parts, one block each; a second, tiny
// launch adds the parts. No atomics: the same bits in every run and on every device.
// Layout: grid [parts, rows], 512 threads per block; thread t takes 16-byte packs t, t + 512, ... of the part.
// Fast because: as many blocks as fill a device whatever the shape, four 16-byte loads in flight per thread, one pass.
#include <memory>

#include "kernels/mean/combine_parts.cuh"
#include "kernels/mean/plan.hpp"
#include "kernels/mean/row_sum.cuh"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kThreads = kSplitRowThreads;

/// Sums of parts go to `sums` [rows, parts]; where a row is one part, its mean goes to y.
template <class Scalar>
__global__ void __launch_bounds__(kThreads)
    split_rows(const Scalar* __restrict__ x, Scalar* __restrict__ y, float* __restrict__ sums, MeanRows rows, int parts,
               std::int64_t part_terms, Divisor divisor) {
  const std::int64_t row = blockIdx.x / static_cast<unsigned>(parts);
  const auto part = static_cast<int>(blockIdx.x % static_cast<unsigned>(parts));
  const std::int64_t first = part * part_terms;
  const std::int64_t left = rows.terms - first, count = left < 0 ? 0 : left < part_terms ? left : part_terms;
  const float total = block_sum(part_of_row<Scalar, kThreads>(x + row * rows.x_pitch + (count > 0 ? first : 0), count,
                                                              static_cast<int>(threadIdx.x)));
  if (threadIdx.x != 0) return;
  if (parts == 1)
    y[row * rows.y_pitch] = from_float<Scalar>(divided(total, divisor));
  else
    sums[row * parts + part] = total;
}

}  // namespace

Launch mean_forward_split_rows(const Problem& problem, const Tensors& tensors, Device& device) {
  const Mean op(problem);
  if (op.outputs == 0) return [] {};
  const TensorView x = tensors.inputs[0], y = tensors.outputs[0];
  const MeanRows rows = *as_rows(plan_mean(op, x.strides, y.strides));
  const std::int64_t parts = parts_of_row(rows);
  // Parts begin on multiples of 64 terms, so that all of them lie as the row does to the 16-byte boundaries.
  const std::int64_t part_terms = ((rows.terms + parts - 1) / parts + 63) / 64 * 64;
  const auto sums = std::make_shared<DeviceMemory>(device, static_cast<std::size_t>(rows.rows * parts) * sizeof(float));
  return with_scalar(problem.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    const Divisor divisor(rows.terms);
    return [=, stream = device.stream()] {
      auto* const partial = static_cast<float*>(sums->get());
      launch(split_rows<Scalar>, {rows.rows * parts, kThreads, 0}, stream, x.as<const Scalar>(), y.as<Scalar>(),
             partial, rows, static_cast<int>(parts), part_terms, divisor);
      if (parts > 1)
        launch(combine_parts<Scalar>, combine_shape(rows.rows, parts), stream, partial, static_cast<int>(parts),
               y.as<Scalar>(), rows.rows, std::int64_t{1}, rows.y_pitch, divisor);
    };
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
