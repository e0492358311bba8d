// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "harness/plan/implementation.hpp"

namespace lockstep {

/// Why oneDNN has no convolution of this dtype on this processor, or nothing.
std::optional<std::string> no_conv2d_in_onednn(DType dtype);

Launch conv2d_forward_onednn(const Problem& problem, const Tensors& tensors, Device&);
Launch conv2d_backward_onednn(const Problem& problem, const Tensors& tensors, Device&);

}  // namespace lockstep
