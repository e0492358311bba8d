// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "harness/data/dtype.hpp"

namespace lockstep {

/// Why oneDNN computes nothing in this dtype on this processor, or nothing. Callable in builds without oneDNN, where the
/// answer does not matter.
std::optional<std::string> not_on_this_processor_in_onednn(DType dtype);

}  // namespace lockstep
