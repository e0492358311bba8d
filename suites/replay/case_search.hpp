// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lockstep {

/// A folder that holds a case.
struct FoundCase {
  std::filesystem::path folder;
  /// Where its results go, relative to the results' folder: its path below the searched folder, or its own name where
  /// the searched folder is the case.
  std::filesystem::path place;
  /// Whether it holds mode.json, a training mode, and no case.json.
  bool is_training = false;
};

/// Finds the cases in every one of `folders`, recursively, sorted by path. Below a case nothing is searched. Symbolic
/// links are followed, except back into a folder that is being searched. Throws Error when a folder is missing or
/// cannot be read, holds no case, or two cases would write to one place.
std::vector<FoundCase> find_cases(const std::vector<std::string>& folders);

}  // namespace lockstep
