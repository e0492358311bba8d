// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace lockstep {

/// A vendor's library: its version, or why it is not in this build.
struct LibraryVersion {
  std::string name, version, absent_because;
};

std::vector<LibraryVersion> library_versions();

}  // namespace lockstep
