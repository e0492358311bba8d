// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/check_mode_bound.hpp"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(CheckModeBound, LeavesOutWhatIsLargerAndSaysWhy) {
  EXPECT_EQ(beyond_check_mode({.flops = 134217728, .bytes = 33554432}), std::nullopt);
  EXPECT_EQ(beyond_check_mode({.flops = 134217729, .bytes = 1}),
            "134217729 operations; the check mode takes problems of up to 134217728 operations");
  EXPECT_EQ(beyond_check_mode({.flops = 1, .bytes = 33554433}),
            "33554433 bytes; the check mode takes problems of up to 33554432 bytes");
}

}  // namespace
}  // namespace lockstep
