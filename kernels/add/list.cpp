// SPDX-License-Identifier: Apache-2.0
#include "kernels/implementations.hpp"
#include "kernels/shared/kernel_entry.hpp"

namespace lockstep {

std::vector<Implementation> add_implementations() { return {}; }

}  // namespace lockstep
