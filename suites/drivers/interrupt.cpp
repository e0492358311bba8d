// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/interrupt.hpp"

#include <csignal>

namespace lockstep {
namespace {

volatile std::sig_atomic_t flag = 0;

void on_signal(int signal_number) {
  flag = 1;
  std::signal(signal_number, SIG_DFL);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  // Without SA_RESTART, so that poll() returns and the loop sees the flag.
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a worker that died is seen by its closed pipe
}

InterruptGuard::~InterruptGuard() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool interrupted() { return flag != 0; }

}  // namespace lockstep
