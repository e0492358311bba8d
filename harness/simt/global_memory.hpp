// SPDX-License-Identifier: Apache-2.0
// The memory that stands for a device's under the emulator. In the check mode each byte has a state: outside of every
// tensor, unwritten, written; elsewhere this is plain memory and the descriptions mean nothing.
#pragma once

#include <cstddef>
#include <string>

namespace lockstep::simt {

enum class GlobalContent {
  outside,    ///< kernels may not touch it
  unwritten,  ///< kernels may write it and then read it
  written,
};

/// Memory aligned to 256 bytes, unwritten. Throws Error when there is none.
void* allocate_global(std::size_t bytes);
/// Null is nothing.
void release_global(void* memory) noexcept;

/// Of the allocation that they lie in, kernels may touch these bytes alone; reports call them by this name. Memory that is
/// not from allocate_global() is left alone, here and below.
void describe_global(const void* first, std::size_t bytes, const std::string& name);
/// Says what a host's stores, which are not seen, have made of these bytes.
void mark_global(const void* first, std::size_t bytes, GlobalContent content);

}  // namespace lockstep::simt
