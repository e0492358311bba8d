// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "harness/data/values.hpp"

namespace lockstep {

/// A copy of the elements `first`, `first` + 1, ... of `values` in row-major order, under a shape of its own. All of them
/// exist.
inline Values consecutive_elements(const Values& values, std::int64_t first, Shape shape) {
  Values part(values.dtype(), std::move(shape));
  if (values.floats())
    std::copy_n(values.floats() + first, part.count(), part.floats());
  else if (values.doubles())
    std::copy_n(values.doubles() + first, part.count(), part.doubles());
  else
    std::copy_n(values.integers() + first, part.count(), part.integers());
  return part;
}

}  // namespace lockstep
