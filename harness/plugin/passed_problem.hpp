// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "harness/plan/implementation.hpp"
#include "harness/plan/operator.hpp"
#include "harness/plugin/lockstep_kernels.h"

namespace lockstep {

/// A problem as libraries see it; owns what the C struct points to.
class PassedProblem {
 public:
  /// `tensors` null: the question is asked before there are any, and data is null. Throws what the operator's signature throws.
  PassedProblem(const Operator& definition, const Problem& problem, DeviceKind device, const Tensors* tensors,
                std::int64_t workspace_limit_bytes);
  PassedProblem(const PassedProblem&) = delete;
  PassedProblem& operator=(const PassedProblem&) = delete;

  const lockstep_problem* get() const { return &passed_; }

 private:
  const char* keep(std::string_view text) { return texts_.emplace_back(text).c_str(); }
  std::vector<lockstep_tensor> passed(const Problem& problem, const std::vector<TensorSpec>& specs,
                                      const std::vector<TensorView>* views);

  // Deques: what is pointed to must stay where it is.
  std::deque<std::string> texts_;
  std::deque<std::vector<std::int64_t>> extents_;
  std::vector<lockstep_tensor> inputs_, outputs_;
  std::vector<lockstep_parameter> parameters_;
  lockstep_problem passed_{};
};

}  // namespace lockstep
