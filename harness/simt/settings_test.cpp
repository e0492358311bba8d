// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/settings.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "harness/data/error.hpp"

namespace lockstep::simt {
namespace {

TEST(Settings, ScopesNestAndRestore) {
  const SettingsScope outer({.order = Order::reverse});
  {
    const SettingsScope inner({.order = Order::random, .seed = 5, .os_threads = 2});
    EXPECT_EQ(current_settings().seed, 5u);
    EXPECT_EQ(current_settings().os_threads, 2);
  }
  EXPECT_EQ(current_settings().order, Order::reverse);
}

TEST(Settings, BelongToTheirOsThread) {
  const SettingsScope scope({.order = Order::reverse});
  Order elsewhere = Order::random;
  std::thread([&] { elsewhere = current_settings().order; }).join();
  EXPECT_EQ(elsewhere, Order::forward);
}

TEST(Settings, RefuseImpossibleThreads) {
  EXPECT_THROW(SettingsScope({.os_threads = 0}), Error);
  EXPECT_THROW(SettingsScope({.os_threads = 257}), Error);
}

TEST(Settings, EveryOrderHasAllThree) {
  const auto orders = every_order(2);
  ASSERT_EQ(orders.size(), 4u);
  EXPECT_EQ(text(orders[0]), "order=forward");
  EXPECT_EQ(text(orders[1]), "order=reverse");
  EXPECT_EQ(text(orders[3]), "order=random,seed=2");
}

}  // namespace
}  // namespace lockstep::simt
