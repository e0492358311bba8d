// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/linear/matrices.hpp"

namespace lockstep {

/// Rows of x up to which every row keeps its sums in the registers of one thread. The weight is then read once, and
/// reading it is all that takes time.
inline constexpr std::int64_t kSmallBatch = 8;

/// Calls launch_of(std::integral_constant<int, kRows>) with the smallest instance that holds `rows`.
template <class LaunchOf>
auto with_batch(std::int64_t rows, LaunchOf launch_of) {
  if (rows == 1) return launch_of(std::integral_constant<int, 1>{});
  if (rows <= 4) return launch_of(std::integral_constant<int, 4>{});
  return launch_of(std::integral_constant<int, 8>{});
}

}  // namespace lockstep
