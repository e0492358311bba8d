// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "harness/plan/case.hpp"

namespace lockstep {

/// Where tiles end: 1 to 5, and powers of two and multiples of a warp, each with the sizes next to it, up to `limit`;
/// ascending.
std::vector<std::int64_t> edge_sizes(std::int64_t limit);

/// The problem with one axis of one input at another extent. What must follow does: where the contract refuses the changed
/// axis alone, all extents that were equal to it change with it, and then parameters that name it (normalized_shape).
/// Nothing where the contract refuses all of these.
std::optional<Problem> with_extent(const Operator& definition, const Problem& problem, std::size_t input,
                                   std::size_t axis, std::int64_t extent);

/// Problems to vary, contiguous, normal, float32: of each kind of call that is listed for the direction (ranks, which inputs
/// and parameters are given) the smallest with at least 64 elements, at most `most`.
std::vector<ListedProblem> base_problems(const Catalogued& entry, Direction direction, std::size_t most = 8);

/// How large a derived problem may be.
struct ProblemLimit {
  std::int64_t elements = std::int64_t{1} << 20;
  double flops = 1 << 26;
};
bool is_within(const Operator& definition, const Problem& problem, const ProblemLimit& limit);

/// Every axis of every base at every edge size, and `drawn` problems per base with all axes at edges at once, drawn by
/// `seed`; each once, in an order drawn by `seed`, so that whatever time allows is a fair sample. Set "tile_edges".
std::vector<ListedProblem> edge_problems(const Operator& definition, const std::vector<ListedProblem>& bases,
                                         const ProblemLimit& limit, std::int64_t largest_size, int drawn,
                                         std::uint64_t seed);

/// Every base in every other layout. Set "layouts".
std::vector<ListedProblem> layout_problems(const std::vector<ListedProblem>& bases);

/// The base with an axis so long that its largest tensor has more than 2^31 elements, in 16 bits; the one that needs least
/// memory. Nothing where no axis of any base can grow that far.
std::optional<ListedProblem> huge_problem(const Operator& definition, const std::vector<ListedProblem>& bases);

/// Bytes that judging a problem takes on the host, and on the device where that has memory of its own.
struct MemoryNeed {
  double host_bytes = 0, device_bytes = 0;
};
MemoryNeed memory_need(const Operator& definition, const Problem& problem, bool device_shares_memory);

}  // namespace lockstep
