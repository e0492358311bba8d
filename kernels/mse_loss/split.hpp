// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace lockstep {

inline constexpr int kSplitThreads = 256;
/// Four blocks for each of the H200's 132 multiprocessors. Fixed, so that the order of additions, and with it the bits,
/// do not depend on the machine.
inline constexpr std::int64_t kMostSplits = 528;

/// Blocks that share the sum of `packs` packs: as many as the device holds, but at least 4 packs for each thread.
constexpr std::int64_t splits_of_sum(std::int64_t packs) {
  constexpr std::int64_t kFewestPacks = 4;
  return std::clamp<std::int64_t>(packs / (kSplitThreads * kFewestPacks), 1, kMostSplits);
}

}  // namespace lockstep
