// SPDX-License-Identifier: Apache-2.0
#include "harness/fuzz/fuzz_target.hpp"
#include "suites/drivers/idx_file.hpp"

// A gzip-compressed data set. The first byte says of how many axes.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep;
  if (size == 0) return 0;
  static const FuzzFolder folder;
  const std::string file = folder.write("images.gz", data + 1, size - 1).string();
  reads_or_refuses([&] { read_idx(file, 1 + data[0] % 4); });
  return 0;
}
