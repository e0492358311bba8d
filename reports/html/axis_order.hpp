// SPDX-License-Identifier: Apache-2.0
#pragma once
// The order in which people expect dtypes (falling precision) and directions, instead of the alphabet's.

#include <string_view>

namespace lockstep::reports {

inline int dtype_rank(std::string_view dtype) {
  int rank = 0;
  for (const std::string_view known : {"float64", "float32", "tf32", "float16", "bfloat16"}) {
    if (dtype == known) return rank;
    ++rank;
  }
  return rank;
}

inline int direction_rank(std::string_view direction) {
  return direction == "forward" ? 0 : direction == "backward" ? 1 : 2;
}

}  // namespace lockstep::reports
