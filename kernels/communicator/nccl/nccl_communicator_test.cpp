// SPDX-License-Identifier: Apache-2.0
#include "kernels/communicator/nccl/nccl_communicator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

TEST(NcclCommunicator, SaysWhyItCannotBegin) {
  const std::unique_ptr<Device> host = make_host_device(DeviceKind::cpu);
  try {
    make_nccl_communicator({}, *host);
    FAIL() << "buffers of the host are no place for NCCL";
  } catch (const Error& error) {
#ifdef LOCKSTEP_WITH_NCCL
    EXPECT_STREQ(error.what(), "nccl: the device is 'cpu'; accepted: gpu");
#else
    EXPECT_STREQ(error.what(), "this build of Lockstep was compiled without NCCL");
#endif
  }
}

TEST(NcclCommunicator, ARankNeedsAGpu) {
  if (gpu_unavailable().empty()) GTEST_SKIP() << "this machine has a GPU for it";
  EXPECT_THROW(gpu_of_rank({}), Error);
}

}  // namespace
}  // namespace lockstep
