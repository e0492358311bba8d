// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "harness/autograd/module.hpp"

namespace lockstep {

/// Tensors by full name: what state_dict() gives in PyTorch.
using ModuleState = std::map<std::string, Values>;

/// Parameters and buffers of a module.
ModuleState state_of(const Module& module);

/// Puts a state into a module. Nothing is changed when something does not fit; then throws one Error that names every
/// entry that is missing, unexpected, or has another shape, as PyTorch's load_state_dict does. Floating entries are
/// rounded to the module's dtype.
void load_state(Module& module, const ModuleState& state);

/// Writes <folder>/<name>.npy for every entry; the folder is made. Throws Error when a file cannot be written.
void save_state(const ModuleState& state, const std::filesystem::path& folder);
/// Reads every .npy file of a folder. Throws Error naming the folder or file.
ModuleState read_state(const std::filesystem::path& folder);

}  // namespace lockstep
