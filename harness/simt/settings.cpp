// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/settings.hpp"

#include "harness/data/error.hpp"

namespace lockstep::simt {
namespace {

thread_local Settings settings_of_this_thread;

}  // namespace

std::string text(const Settings& settings) {
  if (settings.preemption > 0) {
    Settings cooperative = settings;
    cooperative.preemption = 0;
    std::string number = std::to_string(settings.preemption);
    number.erase(number.find_last_not_of('0') + 1);
    return text(cooperative) + ",preemption=" + number;
  }
  switch (settings.order) {
    case Order::forward: return "order=forward";
    case Order::reverse: return "order=reverse";
    case Order::random: break;
  }
  return "order=random,seed=" + std::to_string(settings.seed);
}

std::vector<Settings> every_order(int random_orders) {
  std::vector<Settings> orders{{.order = Order::forward}, {.order = Order::reverse}};
  for (int seed = 1; seed <= random_orders; ++seed)
    orders.push_back({.order = Order::random, .seed = static_cast<std::uint64_t>(seed)});
  return orders;
}

const Settings& current_settings() { return settings_of_this_thread; }

SettingsScope::SettingsScope(const Settings& settings) : previous_(settings_of_this_thread) {
  if (settings.os_threads < 1 || settings.os_threads > 256)
    throw Error("emulator settings: os_threads is " + std::to_string(settings.os_threads) + ", accepted are 1 to 256");
  if (!(settings.preemption >= 0 && settings.preemption <= 1))
    throw Error("emulator settings: preemption is " + std::to_string(settings.preemption) + ", accepted are 0 to 1");
  settings_of_this_thread = settings;
}

SettingsScope::~SettingsScope() { settings_of_this_thread = previous_; }

}  // namespace lockstep::simt
