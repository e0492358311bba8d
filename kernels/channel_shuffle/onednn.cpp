// SPDX-License-Identifier: Apache-2.0
#ifdef LOCKSTEP_WITH_ONEDNN
#include <memory>

#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/onednn_memory.hpp"
#include "reference/channel_shuffle.hpp"

namespace lockstep {
namespace {

template <class Primitive, class Plan>
Launch launch_of(const Plan& plan, int source, int target, const Tensors& tensors) {
  auto primitive = std::make_shared<Primitive>(plan);
  std::unordered_map<int, dnnl::memory> arguments{{source, onednn_memory(tensors.inputs[0])},
                                                  {target, onednn_memory(tensors.outputs[0])}};
  return [primitive, arguments] {
    primitive->execute(onednn_stream(), arguments);
    onednn_stream().wait();
  };
}

}  // namespace

/// oneDNN's shuffle along axis 1, forward or backward. Its group_size is the number of channels in a group, not of groups.
Launch channel_shuffle_onednn(const Problem& problem, const Tensors& tensors, Device&) {
  const ChannelShuffle op(problem);
  const auto group_size = static_cast<int>(op.channels / op.groups);
  constexpr int kChannelAxis = 1;
  const dnnl::memory::desc layout = onednn_layout(tensors.inputs[0]);
  const dnnl::shuffle_forward::primitive_desc forward(
      {dnnl::prop_kind::forward_training, layout, kChannelAxis, group_size}, onednn_engine());
  if (problem.direction == Direction::forward)
    return launch_of<dnnl::shuffle_forward>(forward, DNNL_ARG_SRC, DNNL_ARG_DST, tensors);
  const dnnl::shuffle_backward::primitive_desc backward({layout, kChannelAxis, group_size}, onednn_engine(), forward);
  return launch_of<dnnl::shuffle_backward>(backward, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_SRC, tensors);
}

}  // namespace lockstep
#endif
