// SPDX-License-Identifier: Apache-2.0
#include "harness/fuzz/fuzz_target.hpp"

#include <nlohmann/json.hpp>
#include "reports/report_file.hpp"

// What is accepted as a report must be one that can be written and read again.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep;
  static const FuzzFolder folder;
  const std::filesystem::path file = folder.write("report.json", data, size);
  reports::Report report;
  if (!reads_or_refuses([&] { report = reports::read_report(file); })) return 0;
  const reports::Json written = reports::to_json(report);
  if (!reads_or_refuses([&] { reports::from_json(written, "written"); })) __builtin_trap();
  return 0;
}
