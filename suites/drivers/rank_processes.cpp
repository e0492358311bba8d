// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/rank_processes.hpp"

#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <iostream>
#include <utility>

#include "harness/data/error.hpp"
#include "kernels/communicator/nccl/nccl_process_rank.hpp"
#include "suites/drivers/interrupt.hpp"

extern char** environ;

namespace lockstep {
namespace {

/// A port of this host that is free now. Somebody may take it before rank 0 does, who then says so.
int free_port() {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  const bool found = probe >= 0 && bind(probe, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
                     getsockname(probe, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  if (probe >= 0) close(probe);
  if (!found) throw Error(std::string("launch: this host gives no port: ") + std::strerror(errno));
  return ntohs(address.sin_port);
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// The parent's variables, with those by which a rank knows its place.
std::vector<std::string> variables_of(int rank, int ranks, int port) {
  const std::string own = std::to_string(rank), all = std::to_string(ranks);
  const std::vector<std::pair<std::string, std::string>> set{{"RANK", own},
                                                             {"WORLD_SIZE", all},
                                                             {"LOCAL_RANK", own},
                                                             {"LOCAL_WORLD_SIZE", all},
                                                             {"MASTER_ADDR", "127.0.0.1"},
                                                             {"MASTER_PORT", std::to_string(port)}};
  std::vector<std::string> variables;
  for (char** entry = environ; *entry; ++entry) {
    const std::string variable = *entry;
    if (std::none_of(set.begin(), set.end(), [&](const auto& each) { return variable.starts_with(each.first + '='); }))
      variables.push_back(variable);
  }
  for (const auto& [name, value] : set) variables.push_back(name + '=' + value);
  return variables;
}

/// The ranks' processes, in the order of the ranks.
class RankProcesses {
 public:
  RankProcesses(const std::vector<std::string>& command, int ranks) {
    posix_spawnattr_init(&attributes_);
    // A terminal's Ctrl-C reaches this process alone, which passes it on: a second one would end a rank at once.
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP);
    const int port = free_port();
    for (int rank = 0; rank < ranks; ++rank) {
      std::vector<std::string> arguments = command, variables = variables_of(rank, ranks, port);
      pid_t process = -1;
      const int failure = posix_spawn(&process, command[0].c_str(), nullptr, &attributes_,
                                      pointers_to(arguments).data(), pointers_to(variables).data());
      if (failure != 0) {
        end_all(SIGKILL);
        wait();
        throw Error("launch: " + command[0] + " cannot be started as rank " + std::to_string(rank) + ": " +
                    std::strerror(failure));
      }
      processes_.push_back(process);
      statuses_.push_back(0);
    }
  }
  RankProcesses(const RankProcesses&) = delete;
  RankProcesses& operator=(const RankProcesses&) = delete;
  ~RankProcesses() { posix_spawnattr_destroy(&attributes_); }

  /// Exit statuses by rank; 1 for one that a signal ended.
  const std::vector<int>& wait() {
    bool told = false;
    while (std::any_of(processes_.begin(), processes_.end(), [](pid_t process) { return process > 0; })) {
      if (interrupted() && !std::exchange(told, true)) end_all(SIGINT);
      for (std::size_t rank = 0; rank < processes_.size(); ++rank) note_end(rank);
      usleep(10'000);
    }
    return statuses_;
  }

 private:
  void end_all(int signal_number) {
    for (const pid_t process : processes_)
      if (process > 0) kill(process, signal_number);
  }
  void note_end(std::size_t rank) {
    int status = 0;
    if (processes_[rank] <= 0 || waitpid(processes_[rank], &status, WNOHANG) != processes_[rank]) return;
    processes_[rank] = -1;
    statuses_[rank] = WIFSIGNALED(status) ? 1 : WEXITSTATUS(status);
    if (WIFSIGNALED(status))
      std::cerr << "lockstep: rank " << rank << " was killed by signal " << WTERMSIG(status) << " ("
                << strsignal(WTERMSIG(status)) << ")" << std::endl;
  }

  posix_spawnattr_t attributes_;
  std::vector<pid_t> processes_;
  std::vector<int> statuses_;
};

}  // namespace

ProcessTransport nccl_transport() {
  return {.unavailable = nccl_unavailable, .connect = [](const LaunchEnvironment& launch, double limit_seconds) {
            NcclOptions options;
            options.limit_seconds = limit_seconds;
            return make_nccl_process_rank(launch, options);
          }};
}

int run_rank_processes(const std::vector<std::string>& command, int ranks) {
  const InterruptGuard guard;
  RankProcesses processes(command, ranks);
  const std::vector<int>& statuses = processes.wait();
  if (statuses[0] != 0) return statuses[0];
  return std::any_of(statuses.begin(), statuses.end(), [](int status) { return status != 0; }) ? 1 : 0;
}

}  // namespace lockstep
