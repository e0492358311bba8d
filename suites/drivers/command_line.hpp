// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "suites/drivers/cli.hpp"

namespace CLI {
class App;
}

namespace lockstep {

/// Every command with its options, declared; what was typed is read into them.
class CommandLine {
 public:
  /// `surroundings` is borrowed.
  explicit CommandLine(const Surroundings& surroundings);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  /// Nothing where a command is to be run; else the exit status of a call that ends here: help and version on standard output,
  /// a wrong call in one line on standard error.
  std::optional<int> read(int argc, const char* const* argv);
  /// Runs the command that was read. What it throws becomes one line on standard error and an exit status.
  int run() const;

 private:
  std::unique_ptr<CLI::App> app_;
  std::vector<std::pair<CLI::App*, CommandBody>> commands_;
};

}  // namespace lockstep
