// SPDX-License-Identifier: Apache-2.0
// From an address in compiled code to file and line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/simt/kernel_fault.hpp"

namespace lockstep::simt::check {

/// A number that stands for a place known by file and line, where an address of code is expected. The same for the same
/// place. It sets bit 47, which no address of a program has.
std::uintptr_t place_code(SourcePlace place);

/// "kernels/softmax/x.cu:40" for each code, in their order; "x.cuh:12 (from kernels/softmax/x.cu:40)" where the code was
/// inlined from another file. The line is the innermost one that does not lie in a header of the emulator or of the
/// system. Reads the debug information through `addr2line` of binutils, one process for each file of code; says
/// "program+0x1234" where that does not answer. Answers are kept for the life of the process.
std::vector<std::string> source_lines(const std::vector<std::uintptr_t>& codes);

}  // namespace lockstep::simt::check
