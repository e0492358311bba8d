// SPDX-License-Identifier: Apache-2.0
// Idea: the backward of a mean over rows writes one quotient along each row; the output is one dense stretch of memory, so
// threads walk it in 16-byte packs and ignore where rows begin.
// Layout: thread t of the grid writes packs t, t + 256, ...; packs lie on 16-byte boundaries even if the tensor does not, so
// that only the first and last are written singly.
// Fast because: full 16-byte stores; one division in floating point and one by a reciprocal per pack, two where a row ends
// inside it (rows are no shorter than a pack); the gradient is small and comes from the caches.
#include <algorithm>

#include "kernels/mean/plan.hpp"
#include "kernels/shared/divisor.cuh"
#include "kernels/shared/fast_division.cuh"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/scalar.cuh"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

constexpr int kThreads = 256;
constexpr int kPacks = 4;

template <class Scalar>
__global__ void __launch_bounds__(kThreads)
    spread_in_rows(const Scalar* __restrict__ g, Scalar* __restrict__ d_x, int elements, FastDivision terms,
                   std::int64_t g_pitch, Divisor divisor) {
  constexpr int kPack = kFullPack<Scalar>;
  const int past = static_cast<int>(reinterpret_cast<std::uintptr_t>(d_x) % 16 / sizeof(Scalar));
  const auto quotient = [&](unsigned row) { return from_float<Scalar>(divided(to_float(g[row * g_pitch]), divisor)); };
#pragma unroll
  for (int k = 0; k < kPacks; ++k) {
    const unsigned pack = blockIdx.x * (kPacks * kThreads) + k * kThreads + threadIdx.x;
    const std::int64_t begin = static_cast<std::int64_t>(pack) * kPack - past;
    if (begin >= 0 && begin + kPack <= elements) {
      const auto first = static_cast<unsigned>(begin), row = terms.quotient(first);
      const unsigned left = (row + 1) * terms.divisor() - first;  // of this row from here on
      const Scalar value = quotient(row), next = left < kPack ? quotient(row + 1) : value;
      Pack<Scalar, kPack> out;
#pragma unroll
      for (unsigned i = 0; i < kPack; ++i) out.values[i] = i < left ? value : next;
      *reinterpret_cast<Pack<Scalar, kPack>*>(d_x + begin) = out;
    } else if (begin < elements) {
      for (std::int64_t at = begin < 0 ? 0 : begin; at < begin + kPack && at < elements; ++at)
        d_x[at] = quotient(terms.quotient(static_cast<unsigned>(at)));
    }
  }
}

}  // namespace

Launch mean_backward_spread_in_rows(const Problem& problem, const Tensors& tensors, Device& device) {
  const Mean op(problem);
  if (element_count(op.shape) == 0) return [] {};
  const TensorView g = tensors.inputs[0], d_x = tensors.outputs[0];
  const MeanRows rows = *as_rows(plan_mean(op, d_x.strides, g.strides));
  // Indices inside a launch have 31 bits; more rows are worked off in slices.
  const std::int64_t slice = ((std::int64_t{1} << 31) - 1) / rows.terms;
  const FastDivision terms(static_cast<unsigned>(rows.terms));
  return with_scalar(problem.dtype, [&](auto tag) -> Launch {
    using Scalar = typename decltype(tag)::type;
    return [=, divisor = Divisor(rows.terms), stream = device.stream()] {
      for (std::int64_t row = 0; row < rows.rows; row += slice) {
        const std::int64_t elements = std::min(slice, rows.rows - row) * rows.terms;
        constexpr std::int64_t kPerBlock = kPacks * kThreads * kFullPack<Scalar>;
        // One pack more than the elements fill: the first may begin before the tensor does.
        const LaunchShape shape{(elements + kFullPack<Scalar> + kPerBlock - 1) / kPerBlock, kThreads, 0};
        launch(spread_in_rows<Scalar>, shape, stream, g.as<const Scalar>() + row * rows.y_pitch,
               d_x.as<Scalar>() + row * rows.terms, static_cast<int>(elements), terms, rows.y_pitch, divisor);
      }
    };
  });
}

}  // namespace lockstep::LOCKSTEP_BACKEND
