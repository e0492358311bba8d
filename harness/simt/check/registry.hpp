// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace lockstep::simt::check {

/// `bytes` of global memory that reports call by this name, `skew` bytes behind an aligned address. Kernels may touch what
/// mark_global() says of them; what never is marked costs address space alone. To be released by release_global().
void* reserve_global(std::size_t skew, std::size_t bytes, const std::string& name);

/// What lies at an address of global memory: "'x' + 12", "12 bytes behind 'x' of 400 bytes".
std::string describe_global_address(std::uintptr_t address);
/// Whether the address lies in memory that was released and not given out again.
bool is_released(std::uintptr_t address);

}  // namespace lockstep::simt::check
