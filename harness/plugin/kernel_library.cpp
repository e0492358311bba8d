// SPDX-License-Identifier: Apache-2.0
#include "harness/plugin/kernel_library.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <set>
#include <utility>

#include "harness/data/error.hpp"
#include "harness/plugin/library_call.hpp"
#include "harness/plugin/outside_implementation.hpp"
#include "harness/plugin/outside_name.hpp"

namespace lockstep {
namespace {

constexpr std::size_t kMostImplementations = 10000, kLongestName = 200;

template <class Function>
Function function_of(void* library, const char* name) {
  void* const symbol = dlsym(library, name);
  if (!symbol) throw Error(std::string("it has no function ") + name + ", which every library of kernels exports");
  return reinterpret_cast<Function>(symbol);
}

/// A name of the grammar of ids; `which` says whose.
std::string checked_name(const char* name, const std::string& which) {
  if (!name) throw Error(which + " has no name");
  const std::size_t length = strnlen(name, kLongestName + 1);
  const std::string text(name, length);
  const bool is_readable = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  if (length == 0 || length > kLongestName || !is_readable)
    throw Error(which + " has a name that is none; accepted: up to 200 letters, digits and _");
  return text;
}

const lockstep_library* listed_by(void* library) {
  const auto version = function_of<decltype(&lockstep_kernels_abi_version)>(library, "lockstep_kernels_abi_version");
  const std::uint32_t found = call_library("lockstep_kernels_abi_version", [&] { return version(); });
  if (found != LOCKSTEP_KERNELS_ABI_VERSION)
    throw Error("it was compiled for version " + std::to_string(found) +
                " of the interface; accepted: " + std::to_string(LOCKSTEP_KERNELS_ABI_VERSION));
  const auto list = function_of<decltype(&lockstep_kernels)>(library, "lockstep_kernels");
  LibraryMessage message;
  const lockstep_library* const listed = call_library("lockstep_kernels", [&] { return list(message.get()); });
  if (!listed) throw Error("it gives no list of its kernels: " + message.text("and does not say why"));
  return listed;
}

/// What goes wrong names the file.
template <class Work>
auto about(const std::string& path, Work work) {
  try {
    return work();
  } catch (const std::exception& error) {
    throw Error(std::filesystem::path(path).filename().string() + ": " + error.what());
  }
}

const lockstep_library& loaded_list(const std::string& path) {
  library_name(path);  // a file that cannot be named is not loaded
  return *about(path, [&path] {
    if (!std::filesystem::exists(path)) throw Error("no such file");
    // With a slash, since the loader looks for a bare name in the system's folders.
    void* const library = dlopen(std::filesystem::absolute(path).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) throw Error(std::string("it cannot be loaded: ") + dlerror());
    return listed_by(library);
  });
}

}  // namespace

KernelLibrary::KernelLibrary(const std::string& path, std::int64_t workspace_limit_bytes)
    : KernelLibrary(path, loaded_list(path), workspace_limit_bytes) {}

KernelLibrary::KernelLibrary(const std::string& path, const lockstep_library& list, std::int64_t workspace_limit_bytes)
    : path_(path), name_(library_name(path)), workspace_limit_bytes_(workspace_limit_bytes) {
  about(path, [&] { read_list(list); });
}

void KernelLibrary::read_list(const lockstep_library& list) {
  if (list.struct_size < sizeof(lockstep_library)) throw Error("its list is shorter than the interface has it");
  if (list.implementation_count == 0) throw Error("it lists no kernel");
  if (list.implementation_count > kMostImplementations || !list.implementations)
    throw Error("it lists " + std::to_string(list.implementation_count) + " kernels; accepted: up to " +
                std::to_string(kMostImplementations) + ", with a list of them");
  std::set<std::string> known;
  for (std::size_t i = 0; i < list.implementation_count; ++i) {
    const lockstep_implementation* const entry = list.implementations[i];
    const std::string which = "kernel " + std::to_string(i);
    if (!entry || entry->struct_size < sizeof(lockstep_implementation))
      throw Error(which + " is shorter than the interface has it");
    if (!entry->unsupported || !entry->contract || !entry->prepare || !entry->launch || !entry->release)
      throw Error(which + " lacks a function; accepted: unsupported, contract, prepare, launch and release");
    OutsideKernel kernel{.operator_name = checked_name(entry->operator_name, which + "'s operator"),
                         .direction = static_cast<Direction>(entry->direction),
                         .name = name_ + "." + checked_name(entry->name, which),
                         .device = static_cast<DeviceKind>(entry->device)};
    if (entry->direction != LOCKSTEP_FORWARD && entry->direction != LOCKSTEP_BACKWARD)
      throw Error(which + ", " + kernel.name + ", is of direction " + std::to_string(entry->direction) +
                  "; accepted: 0 (forward), 1 (backward)");
    if (entry->device < LOCKSTEP_CPU || entry->device > LOCKSTEP_GPU)
      throw Error(which + ", " + kernel.name + ", runs on device " + std::to_string(entry->device) +
                  "; accepted: 0 (cpu), 1 (emulated), 2 (gpu)");
    if (!known.insert(kernel.operator_name + "/" + std::to_string(entry->direction) + "/" + kernel.name).second)
      throw Error("it lists " + kernel.name + " twice for " + kernel.operator_name + "." +
                  std::string(name_of(kernel.direction)));
    kernels_.push_back(std::move(kernel));
    functions_.push_back(entry);
  }
}

std::vector<Implementation> KernelLibrary::implementations(const Operator& definition) const {
  std::vector<Implementation> implementations;
  for (std::size_t i = 0; i < kernels_.size(); ++i)
    if (kernels_[i].operator_name == definition.name())
      implementations.push_back(
          outside_implementation(definition, kernels_[i], *functions_[i], workspace_limit_bytes_));
  return implementations;
}

Implementation announced(const OutsideKernel& kernel) {
  const auto refuse = [name = kernel.name]() -> Error {
    return Error(name + " is not loaded into this process: kernels from outside run in workers");
  };
  return {.backend = backend_for(kernel.device),
          .direction = kernel.direction,
          .idea = kernel.name,
          .unsupported = [refuse](const Problem&, const Device&) -> std::optional<std::string> { throw refuse(); },
          .contract = [refuse](const Problem&) -> PrecisionContract { throw refuse(); },
          .prepare = [refuse](const Problem&, const Tensors&, Device&) -> Launch { throw refuse(); }};
}

Catalogue extended(const Catalogue& own, const std::vector<OutsideKernel>& kernels) {
  std::vector<Catalogued> operators = own.operators();
  for (Catalogued& entry : operators)
    for (const OutsideKernel& kernel : kernels)
      if (kernel.operator_name == entry.definition->name() && !misplaced(own, kernel))
        entry.implementations.push_back(announced(kernel));
  return Catalogue(std::move(operators));
}

Catalogue extended(const Catalogue& own, const KernelLibrary& library) {
  std::vector<Catalogued> operators = own.operators();
  for (Catalogued& entry : operators)
    for (Implementation& implementation : library.implementations(*entry.definition))
      entry.implementations.push_back(std::move(implementation));
  return Catalogue(std::move(operators));
}

std::optional<std::string> misplaced(const Catalogue& own, const OutsideKernel& kernel) {
  try {
    const Catalogued& entry = own.find(kernel.operator_name);
    if (kernel.direction == Direction::backward && !entry.definition->has_backward())
      return kernel.name + " is a backward of " + kernel.operator_name + ", which has none";
    return std::nullopt;
  } catch (const Error& error) {
    return kernel.name + ": " + error.what();
  }
}

Backend backend_for(DeviceKind device) { return device == DeviceKind::cpu ? Backend::reference : Backend::cuda; }

}  // namespace lockstep
