// SPDX-License-Identifier: Apache-2.0
#include "kernels/communicator/nccl/launch_environment.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iterator>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

struct Launcher {
  const char *name, *rank, *size, *local_rank, *local_size;
};
constexpr Launcher kLaunchers[] = {
    {"torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"},
    {"mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
     "OMPI_COMM_WORLD_LOCAL_SIZE"},
    {"srun", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", "SLURM_NTASKS_PER_NODE"},
};

int number_in(const Variables& variables, const char* name, int least, int most) {
  const std::optional<std::string> text = variables(name);
  if (!text) throw Error("launch: " + std::string(name) + " is not set; accepted: a whole number");
  int value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < least || value > most)
    throw Error("launch: " + std::string(name) + " is '" + *text + "'; accepted: " + std::to_string(least) + " to " +
                std::to_string(most));
  return value;
}

constexpr int kMostRanks = 1 << 20;

/// Where torchrun's agent keeps the store that ranks of PyTorch meet at, it listens at MASTER_PORT itself. Source: PyTorch,
/// torch/distributed/rendezvous.py, where ranks are clients of that port if TORCHELASTIC_USE_AGENT_STORE is True.
int port_of_master(const Variables& variables) {
  if (!variables("MASTER_PORT")) return kDefaultMasterPort;
  const int port = number_in(variables, "MASTER_PORT", 1, 65535);
  if (variables("TORCHELASTIC_USE_AGENT_STORE") != "True") return port;
  return port < 65535 ? port + 1 : port - 1;
}

}  // namespace

Variables variables_of_process() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
  };
}

bool is_launched(const Variables& variables) {
  return std::any_of(std::begin(kLaunchers), std::end(kLaunchers),
                     [&](const Launcher& launcher) { return variables(launcher.rank) && variables(launcher.size); });
}

LaunchEnvironment read_launch_environment(const Variables& variables) {
  LaunchEnvironment launch;
  const Launcher* chosen = nullptr;
  for (const Launcher& launcher : kLaunchers) {
    if (!variables(launcher.rank) || !variables(launcher.size)) continue;
    const int size = number_in(variables, launcher.size, 1, kMostRanks);
    if (!chosen) {
      chosen = &launcher;
      launch.size = size;
    } else if (size != launch.size) {
      throw Error("launch: " + std::string(chosen->size) + " says " + std::to_string(launch.size) + " ranks and " +
                  launcher.size + " says " + std::to_string(size) + "; accepted: one launcher, or the same size");
    }
  }
  if (!chosen)
    throw Error(
        "launch: no rank in the environment; accepted: start with torchrun, mpirun or srun, or set RANK, "
        "WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT");
  launch.launcher = chosen->name;
  launch.rank = number_in(variables, chosen->rank, 0, launch.size - 1);
  launch.local_rank = number_in(variables, chosen->local_rank, 0, launch.size - 1);
  launch.master_port = port_of_master(variables);
  const std::optional<std::string> address = variables("MASTER_ADDR");
  const std::optional<std::string> local_size = variables(chosen->local_size);
  if (!address && launch.size > 1 && local_size != std::to_string(launch.size))
    throw Error("launch: MASTER_ADDR is not set and " + std::string(chosen->local_size) + " does not say that all " +
                std::to_string(launch.size) + " ranks run here; accepted: the address of rank 0's host");
  launch.master_address = address.value_or("127.0.0.1");
  return launch;
}

}  // namespace lockstep
