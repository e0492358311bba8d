// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/plan/case.hpp"
#include "harness/plugin/lockstep_kernels.h"

namespace lockstep {

/// What a library says of one of its implementations.
struct OutsideKernel {
  std::string operator_name;
  Direction direction = Direction::forward;
  /// "mine.warp_per_row"
  std::string name;
  DeviceKind device = DeviceKind::cpu;
};

/// A shared library behind lockstep_kernels.h, loaded into this process. Its constructors and functions are foreign code:
/// load it where a crash or a hang may happen, in a worker. It is never unloaded, since nothing says that it could be.
class KernelLibrary {
 public:
  /// More than any kernel of the tree takes, and little beside a problem of a GPU's size.
  static constexpr std::int64_t kWorkspaceLimitBytes = std::int64_t{1} << 30;

  /// Throws Error, in one line that names the file, when it cannot be loaded, is of another version of the interface, lacks a
  /// function or lists what cannot be.
  explicit KernelLibrary(const std::string& path, std::int64_t workspace_limit_bytes = kWorkspaceLimitBytes);
  /// A list that is in this process already, as if it came from the file `path`, which is not opened. Throws Error as above.
  KernelLibrary(const std::string& path, const lockstep_library& list,
                std::int64_t workspace_limit_bytes = kWorkspaceLimitBytes);

  const std::string& path() const { return path_; }
  const std::string& name() const { return name_; }
  const std::vector<OutsideKernel>& kernels() const { return kernels_; }
  /// Its implementations of an operator, ready to run in this process. `definition` is borrowed.
  std::vector<Implementation> implementations(const Operator& definition) const;

 private:
  void read_list(const lockstep_library& list);

  std::string path_, name_;
  std::int64_t workspace_limit_bytes_;
  std::vector<OutsideKernel> kernels_;
  std::vector<const lockstep_implementation*> functions_;
};

/// An implementation of a library that this process has not loaded: it can be listed and named, and throws Error when run.
Implementation announced(const OutsideKernel& kernel);

/// The catalogue with the kernels of a library behind its own, made by `make` (announced, or those of a loaded library).
/// Kernels whose operator or direction it does not have are left out.
Catalogue extended(const Catalogue& own, const std::vector<OutsideKernel>& kernels);
Catalogue extended(const Catalogue& own, const KernelLibrary& library);

/// Why the catalogue has no place for a kernel: its operator is unknown, or has no such direction.
std::optional<std::string> misplaced(const Catalogue& own, const OutsideKernel& kernel);

/// Backend under which the drivers file an outside kernel, which decides on which devices they look for it.
Backend backend_for(DeviceKind device);

}  // namespace lockstep
