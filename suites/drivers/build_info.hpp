// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace lockstep {

/// What the build system knew: written into a generated source at every build.
struct BuildInfo {
  std::string build_type, revision;
  bool dirty = false;
  bool cuda = false;
  std::string cuda_toolkit;
};

const BuildInfo& build_info();

}  // namespace lockstep
