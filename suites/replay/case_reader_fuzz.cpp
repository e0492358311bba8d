// SPDX-License-Identifier: Apache-2.0
#include "harness/fuzz/fuzz_target.hpp"
#include "suites/replay/case_reader.hpp"

// case.json from outside; its arrays do not exist, which is an Error too.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep;
  static const FuzzFolder folder;
  folder.write("case.json", data, size);
  reads_or_refuses([] {
    const CaseDescription description = read_case_description(folder.path());
    read_case_arrays(description, description.inputs);
  });
  return 0;
}
