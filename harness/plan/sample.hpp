// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "harness/data/shape.hpp"

namespace lockstep {

/// How much of a large output is judged element by element. Scans for poison, NaN and damage cover everything regardless.
enum class Coverage : std::uint8_t { automatic, full, sampled };

/// Row-major indices to judge, ascending. Full below 16384 elements (or when asked); else runs of 32 neighbours at random
/// places, so that a few rows' statistics serve many elements, plus the first and last run of the tensor.
std::vector<std::int64_t> choose_sample(std::int64_t count, Coverage coverage, std::uint64_t seed);

}  // namespace lockstep
