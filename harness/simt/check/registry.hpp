// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace lockstep::simt::check {

/// What lies at an address of global memory: "'x' + 12", "12 bytes behind 'x' of 400 bytes".
std::string describe_global_address(std::uintptr_t address);
/// Whether the address lies in memory that was released and not given out again.
bool is_released(std::uintptr_t address);

}  // namespace lockstep::simt::check
