// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/plan/case.hpp"

namespace lockstep {

class Options;
struct ProcessTransport;

/// Exit statuses of every command.
enum ExitStatus : int { kPassed = 0, kFailed = 1, kWrongInput = 2, kNothingRan = 3, kInterrupted = 130 };

/// What commands need to know of their surroundings.
struct Surroundings {
  const Catalogue& catalogue;
  /// Path by which this very program can be started again as a worker.
  std::string program;
  /// The command line, as one would type it again.
  std::string command_line;
  /// The program's arguments, to start it again as ranks.
  std::vector<std::string> arguments;
  /// What `train --transport nccl` trains over.
  const ProcessTransport& process_transport;
};

/// One command: its options, and what it does once they are read. `extras` are arguments it did not know, where it passes
/// them on.
using CommandBody = std::function<int(const std::vector<std::string>& extras)>;
CommandBody add_list_command(Options& command, const Surroundings& surroundings);
CommandBody add_doctor_command(Options& command, const Surroundings& surroundings);
CommandBody add_run_command(Options& command, const Surroundings& surroundings);
CommandBody add_verify_command(Options& command, const Surroundings& surroundings);
CommandBody add_bench_command(Options& command, const Surroundings& surroundings);
CommandBody add_fuzz_command(Options& command, const Surroundings& surroundings);
CommandBody add_train_command(Options& command, const Surroundings& surroundings);
CommandBody add_study_command(Options& command, const Surroundings& surroundings);
CommandBody add_scale_command(Options& command, const Surroundings& surroundings);
CommandBody add_release_command(Options& command, const Surroundings& surroundings);
CommandBody add_report_command(Options& command, const Surroundings& surroundings);
CommandBody add_compare_command(Options& command, const Surroundings& surroundings);
CommandBody add_replay_command(Options& command, const Surroundings& surroundings);
CommandBody add_worker_command(Options& command, const Surroundings& surroundings);
CommandBody add_describe_library_command(Options& command, const Surroundings& surroundings);

/// The whole program over a catalogue; tests run it over one that misbehaves, and over a transport that needs no GPU.
int lockstep_main(int argc, char** argv, const Catalogue& catalogue);
int lockstep_main(int argc, char** argv, const Catalogue& catalogue, const ProcessTransport& process_transport);

}  // namespace lockstep
