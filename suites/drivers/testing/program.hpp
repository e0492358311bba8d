// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

extern char** environ;

namespace lockstep::testing {

/// A program that runs while the test looks on: in a process group of its own, as a shell starts a job, with pipes on
/// standard output and standard error. What is still alive in the group at the end of the test is killed.
class Program {
 public:
  Program(const std::string& path, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), path);
    int out[2], err[2];
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    const int failure = posix_spawn(&process_, path.c_str(), &actions, &attributes, pointers.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    close(err[1]);
    files_ = {out[0], err[0]};
    if (failure != 0) throw std::runtime_error(path + " cannot be started");
  }
  ~Program() {
    kill(-process_, SIGKILL);
    if (!ended_) waitpid(process_, nullptr, 0);
    for (const int file : files_)
      if (file >= 0) close(file);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t process() const { return process_; }
  const std::string& out() const { return texts_[0]; }
  const std::string& err() const { return texts_[1]; }

  /// Reads until standard error holds `text`; false when the program ended first or a minute went by.
  bool wait_for_error_text(const std::string& text) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (err().find(text) == std::string::npos)
      if (!read_some() || std::chrono::steady_clock::now() > give_up) return false;
    return true;
  }
  /// What Ctrl-C does: the signal goes to the program and all its workers.
  void interrupt() const { kill(-process_, SIGINT); }
  void kill_alone() const { kill(process_, SIGKILL); }

  /// Reads everything and returns the exit status, or minus the signal that ended the program. One that does not end within
  /// two minutes is killed.
  int wait() {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    while (read_some())
      if (std::chrono::steady_clock::now() > give_up) kill(-process_, SIGKILL);
    return reap();
  }
  /// As wait, for a program whose workers may still hold its pipes.
  int reap() {
    int status = 0;
    waitpid(process_, &status, 0);
    ended_ = true;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  /// False when both pipes are at their end.
  bool read_some() {
    std::array<pollfd, 2> polled{{{files_[0], POLLIN, 0}, {files_[1], POLLIN, 0}}};
    if (files_[0] < 0 && files_[1] < 0) return false;
    poll(polled.data(), polled.size(), 1000);
    for (std::size_t i = 0; i < files_.size(); ++i) {
      if (polled[i].revents == 0) continue;
      char chunk[4096];
      const ssize_t got = read(files_[i], chunk, sizeof chunk);
      if (got > 0) {
        texts_[i].append(chunk, static_cast<std::size_t>(got));
      } else {
        close(files_[i]);
        files_[i] = -1;  // poll passes over it
      }
    }
    return true;
  }

  pid_t process_ = -1;
  bool ended_ = false;
  std::array<int, 2> files_{-1, -1};
  std::array<std::string, 2> texts_;
};

struct Ended {
  int status = 0;
  std::string out, err;
};

/// Runs a program to its end.
inline Ended run_program(const std::string& path, const std::vector<std::string>& arguments) {
  Program program(path, arguments);
  const int status = program.wait();
  return {status, program.out(), program.err()};
}

inline std::string text_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Processes whose parent is `parent`, by their entries in /proc.
inline std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    // pid (name) state parent ...; the name may hold anything, so the last bracket counts.
    const std::string status = text_of_file(entry.path() / "stat");
    const std::size_t bracket = status.rfind(')');
    if (bracket == std::string::npos) continue;
    char state = 0;
    pid_t found = 0;
    std::istringstream(status.substr(bracket + 1)) >> state >> found;
    if (found == parent) children.push_back(static_cast<pid_t>(std::stol(name)));
  }
  return children;
}

/// Whether a process runs; one that is dead and merely not yet reaped does not.
inline bool is_running(pid_t process) {
  const std::string status = text_of_file("/proc/" + std::to_string(process) + "/stat");
  const std::size_t bracket = status.rfind(')');
  return bracket != std::string::npos && bracket + 2 < status.size() && status[bracket + 2] != 'Z' &&
         status[bracket + 2] != 'X';
}

}  // namespace lockstep::testing
