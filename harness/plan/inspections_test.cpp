// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/inspections.hpp"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(Inspections, TheInnermostScopeTakesThem) {
  Inspections::add([] { return std::optional<std::string>("nobody asks"); });
  int damaged = 0;
  const auto inspect = [&damaged](int number) {
    return [&damaged, number]() -> std::optional<std::string> {
      if (damaged >= number) return "damage " + std::to_string(number);
      return std::nullopt;
    };
  };
  const Inspections outer;
  Inspections::add(inspect(2));
  Inspections::add(inspect(1));
  {
    const Inspections inner;
    Inspections::add(inspect(0));
    EXPECT_EQ(inner.finding(), "damage 0");
  }
  EXPECT_EQ(outer.finding(), std::nullopt);
  damaged = 1;
  EXPECT_EQ(outer.finding(), "damage 1");
  damaged = 2;
  EXPECT_EQ(outer.finding(), "damage 2");
}

}  // namespace
}  // namespace lockstep
