// SPDX-License-Identifier: Apache-2.0
#include "suites/scaling/quietness.hpp"

#include <chrono>
#include <cstdio>
#include <thread>

#include "harness/measure/cpu_timer.hpp"

namespace lockstep {
namespace {

int runnable_now() {
  std::FILE* file = std::fopen("/proc/loadavg", "r");
  if (!file) return 0;
  char text[128] = {};
  const bool read = std::fgets(text, sizeof text, file) != nullptr;
  std::fclose(file);
  return read ? runnable_threads(text) : 0;
}

}  // namespace

int runnable_threads(const char* loadavg) {
  int running = 0;
  return std::sscanf(loadavg, "%*f %*f %*f %d/", &running) == 1 ? running : 0;
}

bool machine_is_idle() {
  // A timer of the system that happens to fire is no neighbour: one moment without others is enough.
  for (int attempt = 0; attempt < 5; ++attempt) {
    if (runnable_now() <= 1) return machine_is_quiet();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

}  // namespace lockstep
