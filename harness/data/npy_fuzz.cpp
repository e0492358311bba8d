// SPDX-License-Identifier: Apache-2.0
#include "harness/data/npy.hpp"
#include "harness/fuzz/fuzz_target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep;
  reads_or_refuses([&] {
    const Values values = parse_npy({reinterpret_cast<const char*>(data), size}, "input.npy");
    // What was accepted is held by no more than the input: an element takes a byte at least, and 8 in memory.
    if (values.count() > static_cast<std::int64_t>(size)) __builtin_trap();
  });
  return 0;
}
