// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace lockstep {

/// Who this process is among those that were launched together, from the variables that the launcher set.
struct LaunchEnvironment {
  std::string launcher;  // "torchrun", "mpirun", "srun"
  int rank = 0;
  int size = 1;
  /// Among the processes of this host.
  int local_rank = 0;
  /// Where rank 0 listens.
  std::string master_address;
  int master_port = 0;
};

/// A variable's value; std::nullopt where it is not set.
using Variables = std::function<std::optional<std::string>(const std::string& name)>;
Variables variables_of_process();

/// Whether a launcher's rank and size are there at all.
bool is_launched(const Variables& variables = variables_of_process());

/// Reads RANK, WORLD_SIZE, LOCAL_RANK (torchrun), else OMPI_COMM_WORLD_RANK, _SIZE, _LOCAL_RANK (Open MPI's mpirun), else
/// SLURM_PROCID, SLURM_NTASKS, SLURM_LOCALID (srun); and MASTER_ADDR, MASTER_PORT, which only torchrun sets by itself.
/// Where torchrun's own agent listens at MASTER_PORT (TORCHELASTIC_USE_AGENT_STORE is True), rank 0 takes the next port.
/// MASTER_ADDR may be missing where all ranks run on one host, MASTER_PORT is kDefaultMasterPort then.
/// Throws Error for no launcher at all, a variable that is missing or no number, a rank outside the size, and two launchers
/// that say different sizes: the mark of a launch whose ranks each believe that they are alone.
LaunchEnvironment read_launch_environment(const Variables& variables = variables_of_process());

inline constexpr int kDefaultMasterPort = 29400;

}  // namespace lockstep
