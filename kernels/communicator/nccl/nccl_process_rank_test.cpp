// SPDX-License-Identifier: Apache-2.0
#include "kernels/communicator/nccl/nccl_process_rank.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

TEST(NcclProcessRank, SaysWhyItCannotBegin) {
#ifdef LOCKSTEP_WITH_NCCL
  EXPECT_EQ(nccl_unavailable(), gpu_unavailable());
#else
  EXPECT_EQ(nccl_unavailable(), "this build of Lockstep was compiled without NCCL");
#endif
  if (nccl_unavailable().empty()) GTEST_SKIP() << "this machine has a GPU for it";
  EXPECT_THROW(make_nccl_process_rank({}), Error);
}

}  // namespace
}  // namespace lockstep
