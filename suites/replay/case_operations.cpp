// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "suites/replay/case_problem.hpp"

namespace lockstep {
namespace {

/// Every operator and block of the format of cases. A name outside is a mistake in the case; a name in it that the
/// catalogue has not is a gap in Lockstep: the two get different answers.
constexpr std::array kCaseOperations = std::to_array<std::string_view>({
    "adam",
    "adamw",
    "adaptive_avg_pool2d",
    "add",
    "amax",
    "avg_pool2d",
    "batch_norm1d",
    "batch_norm2d",
    "batch_norm3d",
    "batch_norm_seq",
    "bce_with_logits",
    "bert_layer",
    "bmm",
    "cat",
    "channel_shuffle",
    "clip_grad_norm",
    "clip_grad_value",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose2d",
    "cross_entropy",
    "cross_entropy_prob",
    "div",
    "dropout",
    "embedding",
    "gather",
    "gelu",
    "group_norm",
    "gru",
    "huber_loss",
    "index",
    "index_select",
    "instance_norm",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "lstm",
    "matmul",
    "max",
    "max_pool2d",
    "mean",
    "mse_loss",
    "mul",
    "multi_head_attention",
    "narrow",
    "nll_loss",
    "permute",
    "relu",
    "residual_block",
    "rms_norm",
    "rnn_relu",
    "rnn_tanh",
    "sdpa",
    "sdpa_relpos",
    "sgd",
    "sigmoid",
    "silu",
    "slice",
    "smooth_l1_loss",
    "softmax",
    "squeeze",
    "stack",
    "sub",
    "sum",
    "tanh",
    "transpose",
    "unet_down",
    "unet_up",
    "unsqueeze",
    "view",
});

}  // namespace

bool is_case_operation(std::string_view op) {
  return std::find(kCaseOperations.begin(), kCaseOperations.end(), op) != kCaseOperations.end();
}

}  // namespace lockstep
