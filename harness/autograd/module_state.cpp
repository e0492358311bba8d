// SPDX-License-Identifier: Apache-2.0
#include "harness/autograd/module_state.hpp"

#include <vector>

#include "harness/data/error.hpp"
#include "harness/data/npy.hpp"

namespace lockstep {
namespace {

std::vector<NamedVariable> entries_of(const Module& module) {
  std::vector<NamedVariable> entries = module.parameters();
  for (NamedVariable& buffer : module.buffers()) entries.push_back(std::move(buffer));
  return entries;
}

std::string joined(const std::string& title, const std::vector<std::string>& names) {
  if (names.empty()) return {};
  std::string text = "; " + title + ": ";
  for (const std::string& name : names) text += (&name == &names.front() ? "" : ", ") + name;
  return text;
}

}  // namespace

ModuleState state_of(const Module& module) {
  ModuleState state;
  for (const NamedVariable& entry : entries_of(module)) state[entry.name] = entry.variable.value();
  return state;
}

void load_state(Module& module, const ModuleState& state) {
  std::vector<NamedVariable> entries = entries_of(module);
  std::vector<std::string> missing, unexpected, misshapen;
  ModuleState left = state;
  for (const NamedVariable& entry : entries) {
    const auto found = left.find(entry.name);
    if (found == left.end()) {
      missing.push_back(entry.name);
      continue;
    }
    if (found->second.shape() != entry.variable.shape() ||
        is_floating(found->second.dtype()) != is_floating(entry.variable.dtype()))
      misshapen.push_back(entry.name + " is " + to_text(found->second.shape()) + " in the state and " +
                          to_text(entry.variable.shape()) + " in the model");
    left.erase(found);
  }
  for (const auto& [name, values] : left) unexpected.push_back(name);
  if (!missing.empty() || !unexpected.empty() || !misshapen.empty())
    throw Error("the state does not fit the model" + joined("missing", missing) + joined("unexpected", unexpected) +
                joined("size mismatch", misshapen));
  for (NamedVariable& entry : entries)
    entry.variable.set_value(state.at(entry.name).rounded_to(entry.variable.dtype()));
}

void save_state(const ModuleState& state, const std::filesystem::path& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) throw Error(folder.string() + ": cannot be made: " + failed.message());
  for (const auto& [name, values] : state) write_npy((folder / (name + ".npy")).string(), values);
}

ModuleState read_state(const std::filesystem::path& folder) {
  std::error_code failed;
  ModuleState state;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed))
    if (entry.path().extension() == ".npy") state[entry.path().stem().string()] = read_npy(entry.path().string());
  if (failed) throw Error(folder.string() + ": cannot be read: " + failed.message());
  if (state.empty()) throw Error(folder.string() + ": holds no .npy file; accepted: a folder with a saved state");
  return state;
}

}  // namespace lockstep
