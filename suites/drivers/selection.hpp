// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/data/error.hpp"
#include "harness/plan/case.hpp"
#include "harness/plugin/kernel_library.hpp"
#include "suites/drivers/worker_pool.hpp"

namespace lockstep {

class Options;

/// Which cases a command works on and how: the options that run, verify and bench share.
struct Selection {
  std::string suite = "smoke";
  std::vector<std::string> filters, cases;
  std::uint64_t seed = 1;
  int seeds = 1;
  std::string out;
  int workers = 0;
  double timeout_seconds = 120;
  double memory_limit_gibibytes = 0;
  std::string device = "auto";
  std::string coverage = "automatic";
  std::optional<std::int64_t> expect_cases;
  /// Shared libraries of kernels from outside, and what their launches may take.
  std::vector<std::string> libraries;
  std::int64_t workspace_limit_bytes = KernelLibrary::kWorkspaceLimitBytes;

  void add_options(Options& command);
  void add_load_option(Options& command);
  void add_workspace_option(Options& command);
  /// What a command line needs besides the case to find it and to run it there: "" or " --load ./mine.so".
  std::string rerun_options() const;
  /// Those of them that say where and how cases run: seed, out, workers, timeout, memory-limit, device.
  void add_worker_options(Options& command);
  Coverage coverage_value() const;
  int worker_count() const;
  PoolOptions pool(const std::string& program) const;
  /// The cases meant: those of --case, else the suite's that match a filter. Throws Error for an unknown suite or case, and
  /// NothingSelected when nothing is left.
  std::vector<Case> select(const Catalogue& catalogue) const;
};

/// A filter that matches nothing: exit status 3.
class NothingSelected : public Error {
 public:
  using Error::Error;
};

/// Problem sets of a suite: smoke (smoke, models, images), nightly and release (these and edges).
std::vector<std::string> sets_of_suite(const std::string& suite);

/// Checks that `out` can be written before hours of work; makes the folder. Throws Error in one line.
void prepare_folder(const std::string& out);

}  // namespace lockstep
