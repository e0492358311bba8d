// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/parameter_limits.hpp"

namespace lockstep {

ParameterTokens parameter_limits(std::string_view operator_name) {
  static const std::map<std::string_view, ParameterTokens> limits{
      {"adam",
       {{"betas", {"0x0", "0.9x1", "1x0.9", "_0.1x0.9", "0.999999x0.999999"}}, {"step", {"0", "1", "1000000"}}}},
      {"batch_norm",
       {{"dims", {"1", "2", "3", "4"}}, {"num_features", {"1", "3", "7"}}, {"momentum", {"0", "1", "none", "2"}}}},
      {"batch_norm_merge", {{"momentum", {"0", "1", "none"}}, {"counts", {"0", "1", "0x1", "281474976710655"}}}},
      {"channel_shuffle", {{"groups", {"0", "1", "_1", "2", "3"}}}},
      {"clip_grad_norm", {{"norm_type", {"0", "inf", "_inf", "nan"}}, {"error_if_nonfinite", {"true", "false"}}}},
      {"conv2d",
       {{"padding", {"same", "valid", "full", "_1", "0x1x2", "empty"}},
        {"stride", {"0", "_1", "1x2x3"}},
        {"dilation", {"0", "_1"}},
        {"groups", {"0", "_1", "1", "2"}},
        {"bias", {"true", "false"}}}},
      {"cross_entropy",
       {{"label_smoothing", {"0", "1", "1.0001", "_0.1"}},
        {"ignore_index", {"0", "1", "_1", "_100"}},
        {"reduction", {"none", "sum", "mean", "max"}}}},
      {"embedding", {{"padding_idx", {"0", "_1", "none", "1"}}, {"scale_grad_by_freq", {"true", "false"}}}},
      {"gelu", {{"approximate", {"none", "tanh", "erf"}}}},
      {"layer_norm", {{"normalized_shape", {"empty", "1", "2"}}, {"eps", {"0", "1e_38", "_1"}}}},
      {"linear", {{"bias", {"true", "false"}}, {"in_features", {"1", "7"}}, {"out_features", {"1", "7"}}}},
      {"max_pool2d",
       {{"padding", {"0", "1", "2", "_1"}}, {"stride", {"0", "none", "empty"}}, {"kernel_size", {"0", "1", "3x3x3"}}}},
      {"mean", {{"dim", {"none", "empty", "0", "_1", "0x0", "_1x_1"}}, {"keepdim", {"true", "false"}}}},
      {"mse_loss", {{"reduction", {"none", "sum", "mean", "max"}}}},
      {"sgd",
       {{"lr", {"0", "_0.1"}}, {"momentum", {"0", "1", "_0.1"}}, {"dampening", {"0", "1"}}, {"nesterov", {"true"}}}},
      {"softmax", {{"dim", {"0", "_1", "1", "2", "_2"}}}},
  };
  const auto found = limits.find(operator_name);
  return found == limits.end() ? ParameterTokens{} : found->second;
}

}  // namespace lockstep
