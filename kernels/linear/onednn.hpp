// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/implementation.hpp"

namespace lockstep {

/// Why oneDNN does not take the problem's dtype here, or nothing. Callable in builds without oneDNN, where the answer
/// does not matter.
std::optional<std::string> not_for_onednn_dtype(const Problem& problem);

Launch linear_forward_onednn_inner_product(const Problem&, const Tensors&, Device&);
Launch linear_backward_onednn_inner_product(const Problem&, const Tensors&, Device&);
Launch linear_forward_onednn_matmul(const Problem&, const Tensors&, Device&);
Launch linear_backward_onednn_matmul(const Problem&, const Tensors&, Device&);

}  // namespace lockstep
