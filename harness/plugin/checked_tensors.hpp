// SPDX-License-Identifier: Apache-2.0
// Included by lockstep_kernels.hpp where a library is compiled for the emulator's check mode: whatever Lockstep loads it, its
// kernels work on copies of their tensors, in memory whose every byte the check mode knows.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "harness/plugin/lockstep_kernels.h"
#include "harness/simt/check/watched_copy.hpp"

namespace lockstep::library {

class CheckedTensors {
 public:
  explicit CheckedTensors(const lockstep_problem& problem)
      : inputs_(copies_of(problem.inputs, problem.input_count)),
        outputs_(copies_of(problem.outputs, problem.output_count)),
        passed_inputs_(passed(problem.inputs, inputs_)),
        passed_outputs_(passed(problem.outputs, outputs_)),
        problem_(problem) {
    problem_.inputs = passed_inputs_.data();
    problem_.outputs = passed_outputs_.data();
  }
  CheckedTensors(const CheckedTensors&) = delete;
  CheckedTensors& operator=(const CheckedTensors&) = delete;

  /// The problem with the copies in it; its strings belong to the caller of prepare.
  const lockstep_problem& problem() const { return problem_; }
  /// Before a launch: inputs are as the host has them, nobody has written outputs and workspace. Returns the workspace.
  void* bring(void* workspace, std::int64_t workspace_bytes) {
    for (Copy& input : inputs_) input.bring(true);
    for (Copy& output : outputs_) output.bring(false);
    workspace_.emplace(simt::check::HostTensor{
        .name = "workspace", .data = workspace, .element_bytes = 1, .shape = {workspace_bytes}, .strides = {1}});
    workspace_->bring(false);
    return workspace_->data();
  }
  /// Behind a launch. Inputs too: the host sees to it that they have not changed.
  void take_back() const {
    for (const Copy& input : inputs_) input.take_back();
    for (const Copy& output : outputs_) output.take_back();
  }

 private:
  using Copy = simt::check::WatchedCopy;

  static std::size_t bytes_of(std::int32_t dtype) {
    switch (dtype) {
      case LOCKSTEP_F64:
      case LOCKSTEP_I64: return 8;
      case LOCKSTEP_F32: return 4;
      case LOCKSTEP_F16:
      case LOCKSTEP_BF16: return 2;
      default: return 1;
    }
  }
  static std::vector<Copy> copies_of(const lockstep_tensor* tensors, std::size_t count) {
    std::vector<Copy> copies;
    for (std::size_t i = 0; i < count; ++i) {
      const lockstep_tensor& tensor = tensors[i];
      copies.emplace_back(simt::check::HostTensor{.name = tensor.name,
                                                  .data = tensor.data,
                                                  .element_bytes = bytes_of(tensor.dtype),
                                                  .shape = {tensor.shape, tensor.shape + tensor.rank},
                                                  .strides = {tensor.strides, tensor.strides + tensor.rank}});
    }
    return copies;
  }
  static std::vector<lockstep_tensor> passed(const lockstep_tensor* tensors, const std::vector<Copy>& copies) {
    std::vector<lockstep_tensor> list(tensors, tensors + copies.size());
    for (std::size_t i = 0; i < list.size(); ++i) list[i].data = copies[i].data();
    return list;
  }

  std::vector<Copy> inputs_, outputs_;
  std::vector<lockstep_tensor> passed_inputs_, passed_outputs_;
  std::optional<Copy> workspace_;
  lockstep_problem problem_;
};

}  // namespace lockstep::library
