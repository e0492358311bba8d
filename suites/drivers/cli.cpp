// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/cli.hpp"

#include <filesystem>

#include "suites/drivers/command_line.hpp"
#include "suites/drivers/rank_processes.hpp"

namespace lockstep {
namespace {

std::string joined(int argc, char** argv) {
  std::string text = "lockstep";
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const bool quote = argument.find_first_of(" *?\"'$") != std::string::npos;
    text += quote ? " '" + argument + "'" : " " + argument;
  }
  return text;
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
  CommandLine command_line(surroundings);
  if (const auto status = command_line.read(argc, argv)) return *status;
  return command_line.run();
}

}  // namespace lockstep
