// SPDX-License-Identifier: Apache-2.0
#include "harness/plugin/passed_problem.hpp"

namespace lockstep {
namespace {

// The interface's numbers are those of the enumerations, so that a cast translates.
static_assert(static_cast<int>(Direction::forward) == LOCKSTEP_FORWARD &&
              static_cast<int>(Direction::backward) == LOCKSTEP_BACKWARD);
static_assert(static_cast<int>(DType::f64) == LOCKSTEP_F64 && static_cast<int>(DType::f32) == LOCKSTEP_F32 &&
              static_cast<int>(DType::f16) == LOCKSTEP_F16 && static_cast<int>(DType::bf16) == LOCKSTEP_BF16 &&
              static_cast<int>(DType::i64) == LOCKSTEP_I64 && static_cast<int>(DType::u8) == LOCKSTEP_U8);
static_assert(static_cast<int>(Layout::contiguous) == LOCKSTEP_CONTIGUOUS &&
              static_cast<int>(Layout::channels_last) == LOCKSTEP_CHANNELS_LAST &&
              static_cast<int>(Layout::strided) == LOCKSTEP_STRIDED &&
              static_cast<int>(Layout::unaligned) == LOCKSTEP_UNALIGNED);
static_assert(static_cast<int>(DeviceKind::cpu) == LOCKSTEP_CPU &&
              static_cast<int>(DeviceKind::emulated) == LOCKSTEP_EMULATED &&
              static_cast<int>(DeviceKind::gpu) == LOCKSTEP_GPU);

}  // namespace

PassedProblem::PassedProblem(const Operator& definition, const Problem& problem, DeviceKind device,
                             const Tensors* tensors, std::int64_t workspace_limit_bytes) {
  const Signature signature = definition.signature(problem);
  inputs_ = passed(problem, signature.inputs, tensors ? &tensors->inputs : nullptr);
  outputs_ = passed(problem, signature.outputs, tensors ? &tensors->outputs : nullptr);
  for (const auto& [name, token] : problem.parameters.tokens()) parameters_.push_back({keep(name), keep(token)});
  passed_ = {.struct_size = sizeof(lockstep_problem),
             .operator_name = keep(problem.operator_name),
             .label = keep(problem.label()),
             .direction = static_cast<std::int32_t>(problem.direction),
             .dtype = static_cast<std::int32_t>(problem.dtype),
             .layout = static_cast<std::int32_t>(problem.layout),
             .device = static_cast<std::int32_t>(device),
             .inputs = inputs_.data(),
             .input_count = inputs_.size(),
             .outputs = outputs_.data(),
             .output_count = outputs_.size(),
             .parameters = parameters_.data(),
             .parameter_count = parameters_.size(),
             .workspace_limit_bytes = workspace_limit_bytes};
}

std::vector<lockstep_tensor> PassedProblem::passed(const Problem& problem, const std::vector<TensorSpec>& specs,
                                                   const std::vector<TensorView>* views) {
  std::vector<lockstep_tensor> list;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const TensorSpec& spec = specs[i];
    const Layout layout = spec.takes_layout ? problem.layout : Layout::contiguous;
    const Shape& shape = extents_.emplace_back(views ? (*views)[i].shape : spec.shape);
    const Strides& strides = extents_.emplace_back(views ? (*views)[i].strides : strides_of(spec.shape, layout));
    list.push_back({.struct_size = sizeof(lockstep_tensor),
                    .name = keep(spec.name),
                    .data = views ? (*views)[i].data : nullptr,
                    .dtype = static_cast<std::int32_t>(spec.dtype),
                    .rank = static_cast<std::int32_t>(shape.size()),
                    .shape = shape.data(),
                    .strides = strides.data()});
  }
  return list;
}

}  // namespace lockstep
