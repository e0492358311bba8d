// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/cli.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>

#include "harness/data/error.hpp"
#include "suites/drivers/rank_processes.hpp"
#include "suites/drivers/selection.hpp"

namespace lockstep {
namespace {

struct CommandEntry {
  const char* name;
  const char* description;
  CommandBody (*add)(CLI::App&, const Surroundings&);
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

std::string joined(int argc, char** argv) {
  std::string text = "lockstep";
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const bool quote = argument.find_first_of(" *?\"'$") != std::string::npos;
    text += quote ? " '" + argument + "'" : " " + argument;
  }
  return text;
}

/// CLI11's texts span lines; the promise is one.
std::string one_line(std::string text) {
  for (char& c : text)
    if (c == '\n') c = ' ';
  return text;
}

std::string known_commands() {
  std::string names;
  for (const CommandEntry& entry : kCommands)
    if (*entry.description) names += (names.empty() ? "" : ", ") + std::string(entry.name);
  return names;
}

}  // namespace

int lockstep_main(int argc, char** argv, const Catalogue& catalogue) {
  return lockstep_main(argc, argv, catalogue, nccl_transport());
}

int lockstep_main(int argc, char** argv, const Catalogue& catalogue, const ProcessTransport& process_transport) {
  const Surroundings surroundings{catalogue,
                                  std::filesystem::read_symlink("/proc/self/exe").string(),
                                  joined(argc, argv),
                                  {argv + 1, argv + argc},
                                  process_transport};
  CLI::App app("Lockstep runs references and implementations of deep-learning operators side by side.", "lockstep");
  app.set_version_flag("--version", "lockstep 0.1.0");
  app.footer(
      "Exit status: 0 ran and all passed; 1 something failed, regressed or was blind; 2 the call or an input was "
      "wrong; "
      "3 nothing ran; 130 interrupted, with a valid report of what was done.");
  std::vector<std::pair<CLI::App*, CommandBody>> commands;
  for (const CommandEntry& entry : kCommands) {
    CLI::App* command = app.add_subcommand(entry.name, entry.description);
    if (!*entry.description) command->group("");  // started by Lockstep itself, not by people
    if (entry.passes_extras_on) command->allow_extras();
    commands.emplace_back(command, entry.add(*command, surroundings));
  }
  if (argc > 1 && argv[1][0] != '-') {
    bool known = false;
    for (const CommandEntry& entry : kCommands) known = known || std::string(entry.name) == argv[1];
    if (!known) {
      std::cerr << "lockstep: unknown command '" << argv[1] << "'; accepted: " << known_commands() << "\n";
      return kWrongInput;
    }
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForAllHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return app.exit(version);
  } catch (const CLI::ParseError& error) {
    std::cerr << "lockstep: " << one_line(error.what()) << "; --help shows what is accepted\n";
    return kWrongInput;
  }
  for (const auto& [command, body] : commands) {
    if (!command->parsed()) continue;
    try {
      return body(command->remaining());
    } catch (const NothingSelected& nothing) {
      std::cerr << "lockstep: " << one_line(nothing.what()) << "\n";
      return kNothingRan;
    } catch (const std::exception& error) {
      std::cerr << "lockstep: " << one_line(error.what()) << "\n";
      return kWrongInput;
    }
  }
  std::cout << app.help() << std::flush;
  std::cerr << "lockstep: no command; accepted: " << known_commands() << "\n";
  return kWrongInput;
}

}  // namespace lockstep
