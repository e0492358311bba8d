// SPDX-License-Identifier: Apache-2.0
#include "kernels/implementations.hpp"

namespace lockstep {

std::vector<Implementation> batch_norm_input_gradient_implementations() { return {}; }

}  // namespace lockstep
