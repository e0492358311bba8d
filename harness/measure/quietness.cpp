// SPDX-License-Identifier: Apache-2.0
#include "harness/measure/quietness.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <thread>

#include "harness/data/random.hpp"

namespace lockstep {
namespace {

/// A chain of dependent multiplications: its time depends on the core's clock and on being left alone, not on memory.
double probe_seconds() {
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t state = 1;
  for (int i = 0; i < 20000; ++i) state = mix64(state);
  asm volatile("" : : "r"(state));  // the arithmetic is what is measured: keep it
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

bool arithmetic_is_undisturbed() {
  static double best = std::numeric_limits<double>::infinity();
  double now = std::numeric_limits<double>::infinity();
  for (int attempt = 0; attempt < 5; ++attempt) now = std::min(now, probe_seconds());
  best = std::min(best, now);
  return now <= 1.1 * best;
}

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

bool machine_is_quiet() {
  // A timer of the system that happens to fire is no neighbour: one moment without others is enough.
  for (int attempt = 0; attempt < 5; ++attempt) {
    if (runnable_now() <= 1) return arithmetic_is_undisturbed();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

}  // namespace lockstep
