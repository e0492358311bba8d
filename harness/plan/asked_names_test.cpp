// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/asked_names.hpp"

#include <gtest/gtest.h>

#include "harness/plan/problem.hpp"

namespace lockstep {
namespace {

TEST(AskedNames, AreThoseLookedUpWhileTheScopeLives) {
  Problem problem = parse_problem("norm.forward", "x=2x3,eps=1e_05");
  problem.parameters.real("eps", 0);
  AskedNames outer;
  problem.parameters.boolean("affine", true);
  {
    const AskedNames inner;
    problem.shape("x");
    EXPECT_TRUE(problem.find_shape("weight") == nullptr);
    EXPECT_EQ(inner.names(), (std::set<std::string, std::less<>>{"weight", "x"}));
  }
  problem.parameters.has("momentum");
  EXPECT_EQ(outer.names(), (std::set<std::string, std::less<>>{"affine", "momentum"}));
}

}  // namespace
}  // namespace lockstep
