// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "harness/plan/operator.hpp"

namespace lockstep {

/// How far a problem is from the simplest, most telling first: parameters and optional shapes given; layout (contiguous is
/// simplest); fill (exact, normal, then the others); elements of all tensors, an extent of 0 counted as 1; axes; sizes of
/// all integers (an extent of 1 is simplest, 0 comes next); length of the other parameters. Compared in this order, every
/// simplification ends after finitely many steps.
using Complexity = std::array<double, 7>;
/// Throws what the operator throws for a problem that it refuses.
Complexity complexity_of(const Operator& definition, const Problem& problem);

/// Extents below `extent` worth trying, smallest first: 1 to 3, what is left of it when tiles of 2^k are taken away, tile
/// edges (2^k and one beside it), parts of it that approach it, and one less.
std::vector<std::int64_t> smaller_extents(std::int64_t extent);

/// Shows `visit` problems that may be simpler than this one, large steps first, until it returns true; says whether it did.
/// Numbers that belong together move together: those that are equal (x=8x64,normalized_shape=64), and any two of which
/// neither can move alone; axes are dropped or merged in one shape or in all, with an element of a list or without. Not all
/// that is shown is valid or simpler: that is the visitor's to find out. `is_valid` tells which numbers can move alone.
bool visit_simpler(const Operator& definition, const Problem& problem,
                   const std::function<bool(const Problem&)>& is_valid,
                   const std::function<bool(const Problem&)>& visit);

}  // namespace lockstep
