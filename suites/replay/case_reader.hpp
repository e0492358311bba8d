// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/data/values.hpp"
#include "harness/plan/parameters.hpp"

namespace lockstep {

/// Arrays of a case by PyTorch's name: floating ones as float64, indices and masks as integers.
using NamedValues = std::map<std::string, Values, std::less<>>;

/// What case.json says. Names of arrays are letters, digits and `_`, so that none leads out of the case's folder.
struct CaseDescription {
  std::filesystem::path folder;
  /// PyTorch's name of the operator: "batch_norm2d".
  std::string op;
  /// JSON values as tokens: null is `none`, [3, 2] is 3x2, [] is `empty`. A value of any other kind becomes a token in
  /// brackets, which no operator accepts.
  Parameters parameters;
  std::vector<std::string> inputs, expected, grad_outputs, grads;
  /// What the arrays must be, where the case says so; dtypes are NumPy's names.
  std::map<std::string, Shape, std::less<>> shapes;
  std::map<std::string, std::string, std::less<>> dtypes;
  /// Largest absolute error of PyTorch's own float32 run, where it is known.
  std::map<std::string, double, std::less<>> float32_errors;
  bool equal_nan = false;
  /// The message of the error with which PyTorch refuses the call (perhaps empty), where it does.
  std::optional<std::string> expect_error;
};

/// Reads <folder>/case.json. Throws Error with the path when it is missing, is no JSON, lacks op, params or inputs, or
/// holds a value of the wrong type.
CaseDescription read_case_description(const std::filesystem::path& folder);

/// Reads <folder>/f64/<name>.npy for every name. Throws Error with the path when a file is missing, malformed,
/// truncated, of a dtype other than float64, int64, uint8, bool, or not of the shape or dtype that case.json states.
NamedValues read_case_arrays(const CaseDescription& description, const std::vector<std::string>& names);

}  // namespace lockstep
