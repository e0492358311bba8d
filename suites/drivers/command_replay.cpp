// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <memory>
#include "suites/drivers/options.hpp"

#include "suites/drivers/cli.hpp"
#include "suites/replay/replay.hpp"

namespace lockstep {

CommandBody add_replay_command(Options& command, const Surroundings& surroundings) {
  struct Given {
    ReplayOptions replay;
    std::string dtype;
  };
  auto options = std::make_shared<Given>();
  command.add_option("DIR", options->replay.folders, "a case, or a folder searched for cases").required();
  command.add_option("--out", options->replay.out, "folder of the results").required();
  command
      .add_option("--implementation", options->replay.implementation,
                  "reference, cuda (the kernel that would be chosen; on the GPU where there is one, else emulated), or "
                  "the full name of one implementation")
      .show_default();
  command.add_option("--dtype", options->dtype, "f64, f32, f16 or bf16 (default: f64 for the reference, else f32)");
  return [=, &catalogue = surroundings.catalogue](const std::vector<std::string>&) -> int {
    if (!options->dtype.empty()) options->replay.dtype = parse_dtype(options->dtype);
    return replay(options->replay, catalogue, std::cout, std::cerr);
  };
}

}  // namespace lockstep
