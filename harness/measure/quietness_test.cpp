// SPDX-License-Identifier: Apache-2.0
#include "harness/measure/quietness.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace lockstep {
namespace {

TEST(Quietness, ReadsTheRunnableThreads) {
  EXPECT_EQ(runnable_threads("17.29 14.62 11.38 5/1234 99\n"), 5);
  EXPECT_EQ(runnable_threads("nothing of the kind"), 0);
}

TEST(Quietness, ANeighbourThatRunsIsNoticed) {
  std::atomic<bool> ends{false};
  std::thread neighbour([&ends] {
    while (!ends) {
    }
  });
  const bool idle = machine_is_quiet();
  ends = true;
  neighbour.join();
  EXPECT_FALSE(idle);
}

}  // namespace
}  // namespace lockstep
