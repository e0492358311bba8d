// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "harness/communicator/call.hpp"

namespace lockstep {

/// Reduces `count` elements of all ranks and writes the result to every output. `inputs`: by rank; `outputs` may equal
/// inputs, each exactly or not at all.
///
/// The order is that of the ranks for every element, ((r0 + r1) + r2) + ..., whatever the count and the slice, so the
/// result does not depend on who reduces what. f64 and f32 round after each addition; f16 and bf16 accumulate in float and
/// round once at the end (ties to even, overflow to infinity); i64 wraps. max and min give NaN where any rank has one.
/// dtype u8 is not reduced.
void reduce_in_rank_order(Reduction reduction, DType dtype, std::span<const void* const> inputs,
                          std::span<void* const> outputs, std::int64_t count) noexcept;

}  // namespace lockstep
