// SPDX-License-Identifier: Apache-2.0
#include "harness/fuzz/fuzz_target.hpp"
#include "suites/drivers/worker_lines.hpp"

// A line of a worker, in whose process kernels from outside run. What is accepted must read back as it was.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep;
  reads_or_refuses([&] {
    const WorkerAnswer answer = parse_worker_answer({reinterpret_cast<const char*>(data), size});
    if (!answer.result) return;
    const std::string written = result_line("7", *answer.result);
    const WorkerAnswer again = parse_worker_answer(std::string_view(written).substr(0, written.size() - 1));
    if (again.task != 7 || !again.result || result_line("7", *again.result) != written) __builtin_trap();
  });
  return 0;
}
