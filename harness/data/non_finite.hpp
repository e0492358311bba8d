// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "harness/data/tensor_view.hpp"

namespace lockstep {

/// Row-major indices, ascending, of the elements that are NaN or infinite; none in integer types. Costs about what reading
/// the memory costs as long as there are few.
std::vector<std::int64_t> non_finite_elements(const TensorView& view);

}  // namespace lockstep
