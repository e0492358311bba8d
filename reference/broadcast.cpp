// SPDX-License-Identifier: Apache-2.0
#include "reference/broadcast.hpp"

#include <algorithm>
#include <string>

#include "harness/data/error.hpp"

namespace lockstep {

Shape broadcast_shape(const Shape& a, const Shape& b) {
  Shape full(std::max(a.size(), b.size()));
  const auto extent = [&](const Shape& shape, std::size_t axis) {
    const std::size_t missing = full.size() - shape.size();
    return axis < missing ? std::int64_t{1} : shape[axis - missing];
  };
  for (std::size_t axis = full.size(); axis-- > 0;) {  // from the last axis: the mismatch that PyTorch names
    const std::int64_t of_a = extent(a, axis), of_b = extent(b, axis);
    if (of_a != of_b && of_a != 1 && of_b != 1)
      throw Refused("The size of tensor a (" + std::to_string(of_a) + ") must match the size of tensor b (" +
                    std::to_string(of_b) + ") at non-singleton dimension " + std::to_string(axis));
    full[axis] = of_a == 1 ? of_b : of_a;
  }
  return full;
}

Strides broadcast_strides(const Shape& operand, const Shape& full) {
  Strides strides(full.size(), 0);
  const Strides own = row_major_strides(operand);
  for (std::size_t axis = 0; axis < operand.size(); ++axis)
    strides[full.size() - operand.size() + axis] = operand[axis] == 1 ? 0 : own[axis];
  return strides;
}

BroadcastCopies::BroadcastCopies(const Shape& operand, const Shape& full) {
  const Strides own = broadcast_strides(operand, full), all = row_major_strides(full);
  for (std::size_t axis = 0; axis < full.size(); ++axis) {
    const bool kept = own[axis] != 0 || full[axis] == 1;
    (kept ? kept_extents_ : summed_extents_).push_back(full[axis]);
    (kept ? kept_strides_ : summed_strides_).push_back(all[axis]);
  }
  count_ = element_count(summed_extents_);
}

}  // namespace lockstep
