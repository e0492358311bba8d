// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "harness/plan/implementation.hpp"

namespace lockstep {

/// What the implementations of a library are called by: "mine" for build/libmine.so. Its builds for the emulator, mine_emulated
/// and mine_checked, bear the same name, so that a case has one id wherever it runs. Characters that ids do not have become
/// underscores. Throws Error where the name is that of a backend of the tree (cuda, onednn, ...), or empty.
std::string library_name(const std::string& path);

/// The library that an implementation comes from; empty for the tree's own.
std::string_view library_of(const Implementation& implementation);
/// The same, from the name in a case's id: "mine" of "mine.warp_per_row".
std::string_view owner_in_name(std::string_view implementation_name);
/// Whose code it is, as reports say it: the library, else the backend.
std::string_view owner_of(const Implementation& implementation);

}  // namespace lockstep
