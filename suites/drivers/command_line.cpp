// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/command_line.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

#include "suites/drivers/options.hpp"
#include "suites/drivers/selection.hpp"

namespace lockstep {
namespace {

struct CommandEntry {
  const char* name;
  const char* description;
  CommandBody (*add)(Options&, const Surroundings&);
  bool passes_extras_on;
};

constexpr CommandEntry kCommands[] = {
    {"list", "operators, implementations, models and cases", add_list_command, false},
    {"doctor", "what this machine and this build can run, and what not and why", add_doctor_command, false},
    {"run", "judge and time a suite and write report.json and report.html", add_run_command, false},
    {"verify", "judge cases through GoogleTest, whose flags pass through", add_verify_command, true},
    {"bench", "time cases through Google Benchmark, whose flags pass through", add_bench_command, true},
    {"fuzz", "judge problems drawn around tile edges and argument limits, and see the others refused", add_fuzz_command,
     false},
    {"train", "train in every parallel mode, judge each against one rank, and say what it costs", add_train_command,
     false},
    {"study", "what synchronised batch norm changes in what is learned, and what it costs", add_study_command, false},
    {"scale", "weak and strong scaling, what communication costs a step, and collectives beside copies",
     add_scale_command, false},
    {"release", "judge one implementation that is to take the place of another: RELEASE or HOLD, and a sheet to sign",
     add_release_command, false},
    {"report", "render a report.json to HTML", add_report_command, false},
    {"compare", "what changed between two reports", add_compare_command, false},
    {"replay", "compute the answers of case folders and compare them", add_replay_command, false},
    {"worker", "", add_worker_command, false},
    {"describe_library", "", add_describe_library_command, false},
};

/// What libraries say spans lines, and what was typed may hold anything; the promise is one line.
std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  return text;
}

int refuse(const std::string& what) {
  std::cerr << "lockstep: " << one_line(what) << "\n";
  return kWrongInput;
}

std::string known_commands() {
  std::string names;
  for (const CommandEntry& entry : kCommands)
    if (*entry.description) names += (names.empty() ? "" : ", ") + std::string(entry.name);
  return names;
}

}  // namespace

CommandLine::CommandLine(const Surroundings& surroundings)
    : app_(std::make_unique<CLI::App>(
          "Lockstep runs references and implementations of deep-learning operators side by side.", "lockstep")) {
  app_->set_version_flag("--version", "lockstep 0.1.0");
  app_->footer(
      "Exit status: 0 ran and all passed; 1 something failed, regressed or was blind; 2 the call or an input was "
      "wrong; "
      "3 nothing ran; 130 interrupted, with a valid report of what was done.");
  for (const CommandEntry& entry : kCommands) {
    CLI::App* const command = app_->add_subcommand(entry.name, entry.description);
    if (!*entry.description) command->group("");  // started by Lockstep itself, not by people
    if (entry.passes_extras_on) command->allow_extras();
    Options options(*command);
    commands_.emplace_back(command, entry.add(options, surroundings));
  }
}

CommandLine::~CommandLine() = default;

std::optional<int> CommandLine::read(int argc, const char* const* argv) {
  if (argc > 1 && argv[1][0] != '-') {
    bool known = false;
    for (const CommandEntry& entry : kCommands) known = known || std::string(entry.name) == argv[1];
    if (!known) return refuse("unknown command '" + std::string(argv[1]) + "'; accepted: " + known_commands());
  }
  try {
    app_->parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app_->exit(help);
  } catch (const CLI::CallForAllHelp& help) {
    return app_->exit(help);
  } catch (const CLI::CallForVersion& version) {
    return app_->exit(version);
  } catch (const CLI::ParseError& error) {
    return refuse(std::string(error.what()) + "; --help shows what is accepted");
  }
  for (const auto& [command, body] : commands_)
    if (command->parsed()) return std::nullopt;
  std::cout << app_->help() << std::flush;
  return refuse("no command; accepted: " + known_commands());
}

int CommandLine::run() const {
  for (const auto& [command, body] : commands_) {
    if (!command->parsed()) continue;
    try {
      return body(command->remaining());
    } catch (const NothingSelected& nothing) {
      refuse(nothing.what());
      return kNothingRan;
    } catch (const std::exception& error) {
      return refuse(error.what());
    }
  }
  return kWrongInput;
}

}  // namespace lockstep
