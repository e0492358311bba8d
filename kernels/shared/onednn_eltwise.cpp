// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_ONEDNN
#include "kernels/shared/onednn_eltwise.hpp"

#include <memory>
#include <unordered_map>

namespace lockstep {
namespace {

Launch launch_of(dnnl::primitive made, std::unordered_map<int, dnnl::memory> arguments) {
  auto primitive = std::make_shared<dnnl::primitive>(std::move(made));
  return [primitive, arguments = std::move(arguments)] {
    primitive->execute(onednn_stream(), arguments);
    onednn_stream().wait();
  };
}

}  // namespace

Launch onednn_eltwise(const Problem& problem, const Tensors& tensors, dnnl::algorithm algorithm, float slope) {
  const Shape line{tensors.outputs[0].count()};
  if (line[0] == 0) return [] {};
  const auto layout = onednn_layout(problem.dtype, line, {1});
  const auto kind =
      problem.direction == Direction::forward ? dnnl::prop_kind::forward_inference : dnnl::prop_kind::forward_training;
  const dnnl::eltwise_forward::primitive_desc forward({kind, algorithm, layout, slope, 0.0f}, onednn_engine());
  if (problem.direction == Direction::forward)
    return launch_of(dnnl::eltwise_forward(forward), {{DNNL_ARG_SRC, onednn_memory(tensors.inputs[0], line)},
                                                      {DNNL_ARG_DST, onednn_memory(tensors.outputs[0], line)}});
  const dnnl::eltwise_backward::primitive_desc backward({algorithm, layout, layout, slope, 0.0f}, onednn_engine(),
                                                        forward);
  return launch_of(dnnl::eltwise_backward(backward), {{DNNL_ARG_SRC, onednn_memory(tensors.inputs[0], line)},
                                                      {DNNL_ARG_DIFF_DST, onednn_memory(tensors.inputs[1], line)},
                                                      {DNNL_ARG_DIFF_SRC, onednn_memory(tensors.outputs[0], line)}});
}

}  // namespace lockstep
#endif
