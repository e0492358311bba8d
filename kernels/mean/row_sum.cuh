// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/shared/scalar.cuh"

namespace lockstep::LOCKSTEP_BACKEND {

/// This thread's part of the sum of `count` neighbours, of which kThreads threads take every kThreads-th 16 bytes. Up to
/// four loads are in flight and four sums run side by side. The row may start anywhere: what lies before the first and
/// behind the last 16-byte boundary is read singly.
template <class Scalar, int kThreads>
__device__ __forceinline__ float part_of_row(const Scalar* __restrict__ row, std::int64_t count, int thread) {
  constexpr int kPack = kFullPack<Scalar>, kFlight = 4;
  using Packed = Pack<Scalar, kPack>;
  const auto past = static_cast<int>(reinterpret_cast<std::uintptr_t>(row) % 16 / sizeof(Scalar));
  const std::int64_t to_boundary = (kPack - past) % kPack, head = to_boundary < count ? to_boundary : count;
  const std::int64_t packs = (count - head) / kPack, tail = head + packs * kPack + thread;
  const auto* const body = reinterpret_cast<const Packed*>(row + head);
  float parts[4] = {};
  const auto take = [&parts](const Packed& pack) {
#pragma unroll
    for (int i = 0; i < kPack; ++i) parts[i % 4] += to_float(pack.values[i]);
  };
  std::int64_t at = thread;
  for (; at + (kFlight - 1) * kThreads < packs; at += kFlight * kThreads) {
    Packed held[kFlight];
#pragma unroll
    for (int k = 0; k < kFlight; ++k) held[k] = body[at + k * kThreads];
#pragma unroll
    for (int k = 0; k < kFlight; ++k) take(held[k]);
  }
  for (; at < packs; at += kThreads) take(body[at]);
  if (thread < head) parts[0] += to_float(row[thread]);
  if (thread < kPack && tail < count) parts[1] += to_float(row[tail]);
  return (parts[0] + parts[1]) + (parts[2] + parts[3]);
}

}  // namespace lockstep::LOCKSTEP_BACKEND
