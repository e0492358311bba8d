// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace lockstep {

/// A child process with pipes to its standard input and output. Started by posix_spawn, never forked: CUDA and OpenMP do not
/// survive a fork. Killed and reaped when destroyed.
class WorkerProcess {
 public:
  /// `command[0]` is the program; the environment is the parent's with OMP_NUM_THREADS=1, since several workers share the
  /// cores. Throws Error when the program cannot be started.
  explicit WorkerProcess(const std::vector<std::string>& command);
  WorkerProcess(WorkerProcess&& other) noexcept;
  WorkerProcess& operator=(WorkerProcess&& other) noexcept;
  ~WorkerProcess();

  /// False when the child no longer reads.
  bool send(const std::string& line);
  /// File descriptor to poll for answers.
  int answers() const { return answers_; }
  /// Reads what is there; false at end of file. Complete lines are appended to `lines`. Throws Error where a line is longer
  /// than any answer.
  bool receive(std::vector<std::string>& lines);
  /// Kills the child if it lives, waits for it and says how it ended: "killed by signal 11 (Segmentation fault)".
  std::string finish();

 private:
  void close_all() noexcept;
  pid_t process_ = -1;
  int requests_ = -1, answers_ = -1;
  std::string partial_;
};

}  // namespace lockstep
