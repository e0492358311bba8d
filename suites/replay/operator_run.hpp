// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/plan/case.hpp"
#include "suites/replay/case_reader.hpp"

namespace lockstep {

/// An output that was computed, with what it is judged by.
struct ComputedArray {
  std::string name;
  /// What the implementation gave, in the output's dtype.
  Values got;
  /// The formula in double on exactly the numbers that the implementation was given.
  Values truth;
  /// Per element, how far from `truth` the implementation's contract lets it be; empty where `got` was computed in
  /// float64, which has no derived bound.
  std::vector<double> bound;
};

struct OperatorRun {
  std::vector<ComputedArray> arrays;
  /// Whether rounding to the dtype changed a number of an input.
  bool inputs_were_rounded = false;
  /// Why no implementation took the problem; empty where one did.
  std::string not_served;
};

/// Picks implementations by the name a user gives, and runs them on arrays.
class ReplayMachine {
 public:
  /// `implementation`: `reference`, `cuda` (for each problem the first of Lockstep's own kernels that takes it) or a
  /// full name such as cuda.warp_per_row. A full name may exist in one direction of an operator and not in the other;
  /// the other is then not served. Throws Error when the catalogue has no implementation of that name. The catalogue is
  /// borrowed.
  ReplayMachine(const Catalogue& catalogue, std::string implementation, DType dtype);

  /// Computes every output of `problem` (its dtype is replaced by the machine's). `arrays` holds the inputs and
  /// gradients by name. Throws Refused where the operator refuses the call, Error where an array is missing or has the
  /// wrong shape or kind, or where the implementation fails.
  OperatorRun run(const Catalogued& entry, Problem problem, const NamedValues& arrays);

  DType dtype() const { return dtype_; }

 private:
  const Implementation* choose(const Catalogued& entry, const Problem& problem, std::string& reason);
  Device& device_for(Backend backend);

  std::string wanted_;
  DType dtype_;
  std::unique_ptr<Device> cpu_, kernels_;
};

/// The operator's formula in double on the given numbers, every output. Throws as ReplayMachine::run does for the call.
OperatorRun evaluate_in_double(const Catalogued& entry, Problem problem, const NamedValues& arrays);

}  // namespace lockstep
