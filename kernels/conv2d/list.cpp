// SPDX-License-Identifier: Apache-2.0
#include "kernels/conv2d/onednn.hpp"
#include "kernels/implementations.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "reference/conv2d.hpp"

namespace lockstep {
namespace {

std::optional<std::string> not_for_onednn(const Problem& problem) {
  if (const auto reason = no_conv2d_in_onednn(problem.dtype)) return reason;
  if (Conv2d(problem).is_empty()) return "oneDNN's convolution is compared on tensors with elements";
  return std::nullopt;
}

PrecisionContract any_order(const Problem&) { return float_accumulation(1); }

}  // namespace

std::vector<Implementation> conv2d_implementations() {
  return {
      vendor_call(Backend::onednn, "direct", Direction::forward, LOCKSTEP_ONEDNN(conv2d_forward_onednn), not_for_onednn,
                  any_order),
      vendor_call(Backend::onednn, "direct", Direction::backward, LOCKSTEP_ONEDNN(conv2d_backward_onednn),
                  not_for_onednn, any_order),
  };
}

}  // namespace lockstep
