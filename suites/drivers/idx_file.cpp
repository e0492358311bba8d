// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/idx_file.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

constexpr std::int64_t kMostBytes = std::int64_t{1} << 30;

std::uint32_t big_endian(const unsigned char* bytes) {
  return (std::uint32_t{bytes[0]} << 24) | (std::uint32_t{bytes[1]} << 16) | (std::uint32_t{bytes[2]} << 8) | bytes[3];
}

}  // namespace

IdxFile read_idx(const std::string& path, int axes) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file) throw Error(path + ": cannot be opened; Debian's package dataset-fashion-mnist holds it");
  const auto read = [&](void* to, std::int64_t bytes) {
    return gzread(file.get(), to, static_cast<unsigned>(bytes)) == static_cast<int>(bytes);
  };
  unsigned char number[4];
  if (!read(number, 4) || big_endian(number) != 0x0800u + static_cast<unsigned>(axes))
    throw Error(path + ": not an IDX file of bytes with " + std::to_string(axes) + " axes");
  IdxFile contents;
  std::int64_t count = 1;
  for (int axis = 0; axis < axes; ++axis) {
    if (!read(number, 4)) throw Error(path + ": truncated or corrupt");
    contents.extents.push_back(big_endian(number));
    if (contents.extents.back() == 0 || contents.extents.back() > kMostBytes / count)
      throw Error(path + ": an implausible extent of " + std::to_string(contents.extents.back()));
    count *= contents.extents.back();
  }
  // Piece by piece: a header that promises more than the file holds must not take the memory for it.
  constexpr std::int64_t kPiece = std::int64_t{1} << 20;
  for (std::int64_t at = 0; at < count; at += kPiece) {
    const std::int64_t bytes = std::min(kPiece, count - at);
    contents.bytes.resize(static_cast<std::size_t>(at + bytes));
    if (!read(contents.bytes.data() + at, bytes)) throw Error(path + ": truncated or corrupt");
  }
  return contents;
}

std::string fashion_mnist_folder() {
  const char* folder = std::getenv("LOCKSTEP_FASHION_MNIST");
  return folder ? folder : "/usr/share/datasets/fashion-mnist";
}

}  // namespace lockstep
