// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "harness/data/values.hpp"

namespace lockstep {

/// Reads a NumPy .npy file (format 1.0 to 3.0, little endian; float64, float32, float16, int64, uint8, bool; C or
/// Fortran order).
/// Throws Error naming the file and what is wrong: not a .npy file, truncated, trailing bytes, other dtype.
/// Source of the format: numpy.lib.format documentation.
Values read_npy(const std::string& path);

/// The same of the contents of a file; `path` opens every message.
Values parse_npy(std::string_view text, const std::string& path);

/// Writes a .npy file (format 1.0): f64 as float64; f32, f16, bf16 as float32; integers as int64.
void write_npy(const std::string& path, const Values& values);

}  // namespace lockstep
