// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lockstep {

/// Contents of an IDX file of bytes (the format of MNIST and Fashion-MNIST): extents by axis, then the bytes.
struct IdxFile {
  std::vector<std::int64_t> extents;
  std::vector<unsigned char> bytes;
};

/// Reads a gzip-compressed IDX file of `axes` axes of unsigned bytes. Throws Error with the path where it is missing, has
/// another header, or is truncated or corrupt.
IdxFile read_idx(const std::string& path, int axes);

/// The folder of Fashion-MNIST (Xiao, Rasul, Vollgraf 2017, arXiv 1708.07747): that of Debian's package
/// dataset-fashion-mnist, or what the variable LOCKSTEP_FASHION_MNIST names.
std::string fashion_mnist_folder();

}  // namespace lockstep
