// SPDX-License-Identifier: Apache-2.0
#include "harness/fuzz/fuzz_target.hpp"
#include "harness/plan/problem.hpp"

// The label of a problem, as it stands in ids, on command lines and in reports. What is accepted must read back.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep;
  reads_or_refuses([&] {
    const Problem problem = parse_problem("layer_norm.forward", {reinterpret_cast<const char*>(data), size});
    const Problem again = parse_problem("layer_norm.forward", problem.label());
    if (again.label() != problem.label()) __builtin_trap();
  });
  return 0;
}
