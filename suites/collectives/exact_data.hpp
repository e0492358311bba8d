// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/communicator/call.hpp"

namespace lockstep {

/// Inputs of collectives as a pure function of (seed, rank, element), so that the right answer needs no communication, and
/// whose sum over at most kMostExactRanks ranks is exact in any order and any grouping. The idea is that of nccl-tests:
/// within an element all ranks hold whole multiples of one power of two, small enough that every partial sum fits the
/// significand. Rank 0's multiple is odd and the others' are even, so no sum is zero and a missing or repeated rank shows.
inline constexpr int kMostExactRanks = 64;

/// The value that `rank` of `ranks` holds; exact in `dtype`.
double exact_value(std::uint64_t seed, int rank, int ranks, std::int64_t element, DType dtype);

/// The reduction of that element over all ranks; exact in `dtype` for sums too.
double exact_reduction(Reduction reduction, std::uint64_t seed, int ranks, std::int64_t element, DType dtype);

/// The element's bytes in `dtype`, for values that it holds exactly.
void store_exact(void* data, std::int64_t index, DType dtype, double value);
double load_exact(const void* data, std::int64_t index, DType dtype);

}  // namespace lockstep
