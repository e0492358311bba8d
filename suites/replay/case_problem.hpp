// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "harness/plan/case.hpp"
#include "suites/replay/case_reader.hpp"
#include "suites/replay/operator_run.hpp"

namespace lockstep {

struct CaseProblem;

/// Computes one problem on arrays by name: an implementation, or the formula in double.
using ComputeProblem = std::function<OperatorRun(const Problem&, const NamedValues&)>;

/// Runs a case that is several calls, each on what the one before gave, and returns its results under the case's names.
using RunBlock = OperatorRun (*)(const CaseProblem&, const CaseDescription&, const ComputeProblem&);

/// A case as a question to an operator of the catalogue.
struct CaseProblem {
  /// Null where the case is not served.
  const Catalogued* entry = nullptr;
  /// Forward, float64; `shapes` has every input of the case, so that the operator checks them all.
  Problem problem;
  /// The case's inputs and output gradients, and what a PyTorch module that was just made has for the rest (a weight of
  /// 1, a running variance of 1) where the case's parameters ask for it without giving the array.
  NamedValues arrays;
  /// Several calls instead of one; null where the case is one call.
  RunBlock block = nullptr;
  /// Why Lockstep does not serve the case; empty where it does.
  std::string not_served;
};

/// Translates a case: finds the operator, adapts PyTorch's modules to the operators' parameters (a weight that is
/// absent is off), and reads the arrays. An operator, parameter or input that Lockstep does not serve is `not_served`.
/// Throws Error where the case is malformed or names an operator that the format of cases does not know.
CaseProblem translate_case(const CaseDescription& description, const Catalogue& catalogue);

/// Whether the format of cases knows the operator, served or not.
bool is_case_operation(std::string_view op);

}  // namespace lockstep
