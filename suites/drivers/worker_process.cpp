// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/worker_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <utility>

#include "harness/data/error.hpp"

extern char** environ;

namespace lockstep {
namespace {

// The longest answers are those of large heat maps and many samples, some hundred thousand bytes.
constexpr std::size_t kLongestLine = std::size_t{64} << 20;

class SpawnActions {
 public:
  SpawnActions() { posix_spawn_file_actions_init(&actions_); }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  void redirect(int from, int to) { posix_spawn_file_actions_adddup2(&actions_, from, to); }
  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

std::vector<std::string> worker_environment() {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry; ++entry)
    if (std::strncmp(*entry, "OMP_NUM_THREADS=", 16) != 0) variables.emplace_back(*entry);
  variables.emplace_back("OMP_NUM_THREADS=1");
  return variables;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

WorkerProcess::WorkerProcess(const std::vector<std::string>& command) {
  int to_child[2], from_child[2];
  // Close-on-exec: a worker that held another worker's pipe would keep it open after the parent closed it.
  if (pipe2(to_child, O_CLOEXEC) != 0) throw Error("cannot make a pipe: " + std::string(std::strerror(errno)));
  if (pipe2(from_child, O_CLOEXEC) != 0) {
    close(to_child[0]);
    close(to_child[1]);
    throw Error("cannot make a pipe: " + std::string(std::strerror(errno)));
  }
  SpawnActions actions;
  actions.redirect(to_child[0], STDIN_FILENO);
  actions.redirect(from_child[1], STDOUT_FILENO);
  std::vector<std::string> arguments = command, variables = worker_environment();
  const int failure = posix_spawn(&process_, command[0].c_str(), actions.get(), nullptr, pointers_to(arguments).data(),
                                  pointers_to(variables).data());
  close(to_child[0]);
  close(from_child[1]);
  requests_ = to_child[1];
  answers_ = from_child[0];
  if (failure != 0) {
    process_ = -1;
    close_all();
    throw Error("cannot start the worker " + command[0] + ": " + std::strerror(failure));
  }
}

WorkerProcess::WorkerProcess(WorkerProcess&& other) noexcept { *this = std::move(other); }

WorkerProcess& WorkerProcess::operator=(WorkerProcess&& other) noexcept {
  std::swap(process_, other.process_);
  std::swap(requests_, other.requests_);
  std::swap(answers_, other.answers_);
  std::swap(partial_, other.partial_);
  return *this;
}

WorkerProcess::~WorkerProcess() { finish(); }

void WorkerProcess::close_all() noexcept {
  if (requests_ >= 0) close(requests_);
  if (answers_ >= 0) close(answers_);
  requests_ = answers_ = -1;
}

bool WorkerProcess::send(const std::string& line) {
  for (std::size_t done = 0; done < line.size();) {
    const ssize_t wrote = write(requests_, line.data() + done, line.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    done += static_cast<std::size_t>(wrote);
  }
  return true;
}

bool WorkerProcess::receive(std::vector<std::string>& lines) {
  char chunk[65536];
  const ssize_t got = read(answers_, chunk, sizeof chunk);
  if (got < 0) return errno == EINTR || errno == EAGAIN;
  if (got == 0) return false;
  std::size_t searched = partial_.size(), at = 0;
  partial_.append(chunk, static_cast<std::size_t>(got));
  for (std::size_t end; (end = partial_.find('\n', searched)) != std::string::npos; at = searched = end + 1)
    lines.push_back(partial_.substr(at, end - at));
  partial_.erase(0, at);
  if (partial_.size() > kLongestLine) throw Error("a line of more than " + std::to_string(kLongestLine) + " bytes");
  return true;
}

std::string WorkerProcess::finish() {
  if (process_ < 0) return "";
  close_all();
  int status = 0;
  // One that is dying of its own accord is left to, so that its own signal is seen and not ours.
  for (int attempt = 0; attempt < 50; ++attempt) {
    if (waitpid(process_, &status, WNOHANG) == process_) {
      process_ = -1;
      break;
    }
    usleep(1000);
  }
  if (process_ >= 0) {
    kill(process_, SIGKILL);
    while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    process_ = -1;
    return "killed";
  }
  if (WIFSIGNALED(status))
    return "killed by signal " + std::to_string(WTERMSIG(status)) + " (" + strsignal(WTERMSIG(status)) + ")";
  return "ended with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace lockstep
