// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace lockstep {

/// A float as Python prints it, for PyTorch's messages: 0.1, -1.0, 1e-05, inf.
std::string python_text(double value);

}  // namespace lockstep
