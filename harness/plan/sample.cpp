// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/sample.hpp"

#include <algorithm>
#include <numeric>

#include "harness/data/random.hpp"

namespace lockstep {
namespace {

constexpr std::int64_t kFullBelow = 16384;
constexpr std::int64_t kRun = 32;
constexpr std::int64_t kRuns = 32;

}  // namespace

std::vector<std::int64_t> choose_sample(std::int64_t count, Coverage coverage, std::uint64_t seed) {
  std::vector<std::int64_t> indices;
  const bool full = coverage == Coverage::full || (coverage == Coverage::automatic && count < kFullBelow) ||
                    count <= kRun * (kRuns + 2);
  if (full) {
    indices.resize(static_cast<std::size_t>(count));
    std::iota(indices.begin(), indices.end(), 0);
    return indices;
  }
  std::vector<std::int64_t> starts{0, count - kRun};
  RandomStream stream(seed ^ hash_name("sample"));
  for (std::int64_t run = 0; run < kRuns; ++run) starts.push_back(stream.below(count - kRun));
  std::sort(starts.begin(), starts.end());
  for (const std::int64_t start : starts)
    for (std::int64_t i = start; i < start + kRun; ++i)
      if (indices.empty() || indices.back() < i) indices.push_back(i);
  return indices;
}

}  // namespace lockstep
