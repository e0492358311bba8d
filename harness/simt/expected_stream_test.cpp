// SPDX-License-Identifier: Apache-2.0
// Compiled with LOCKSTEP_LIBRARY_EMULATED, as the kernels of libraries are.
#include "harness/simt/expected_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/simt/kernel_fault.hpp"
#include "harness/simt/port.cuh"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

__global__ void count(int* launches) { ++*launches; }

void launch_on(void* stream, int* launches) { launch(count, {dim3(1), dim3(1), 0}, stream, launches); }

TEST(ExpectedStream, OnlyTheNamedStreamIsLaunchedOn) {
  int given = 0, other = 0, launches = 0;
  launch_on(&other, &launches);  // nothing is expected
  {
    const simt::ExpectedStream scope(&given);
    launch_on(&given, &launches);
    const Stream kept = &given;
    launch_on(kept, &launches);
    for (void* const wrong : {static_cast<void*>(&other), static_cast<void*>(nullptr)}) {
      try {
        launch_on(wrong, &launches);
        FAIL() << "a launch on another stream went through";
      } catch (const simt::KernelFault& fault) {
        EXPECT_EQ(fault.kind(), simt::FaultKind::wrong_stream);
        EXPECT_THAT(fault.what(), testing::HasSubstr("expected_stream_test.cpp:16"));
        EXPECT_THAT(fault.what(), testing::HasSubstr(wrong ? "another stream" : "the default stream"));
      }
    }
    {
      const simt::ExpectedStream inner(&other);
      launch_on(&other, &launches);
    }
    launch_on(&given, &launches);
  }
  launch_on(nullptr, &launches);
  EXPECT_EQ(launches, 6);
}

}  // namespace
}  // namespace lockstep::LOCKSTEP_BACKEND
