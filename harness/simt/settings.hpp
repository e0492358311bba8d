// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lockstep::simt {

/// The order in which the emulator runs the threads of a block (and the blocks of a grid) between two barriers. A
/// kernel whose result depends on it has a race; a neighbour's value read without a barrier looks right in one order
/// only.
enum class Order { forward, reverse, random };

/// How the emulator runs kernels. `seed` draws the random order, for each block apart, so that a block's order does not
/// depend on which OS thread runs it. `os_threads` share the blocks of a grid; 1 runs them on the calling thread, as the
/// check mode always does. `preemption`, of the check mode alone, is the probability that a thread gives way to another
/// before an access to shared or global memory, drawn by the seed.
struct Settings {
  Order order = Order::forward;
  std::uint64_t seed = 0;
  int os_threads = 1;
  double preemption = 0;
};

/// "order=random,seed=3,preemption=0.02", as messages name it.
std::string text(const Settings& settings);

/// Forward, reverse and `random_orders` random ones with seeds 1, 2, ...: what a kernel has to pass.
std::vector<Settings> every_order(int random_orders = 3);

/// The settings of launches from this OS thread.
const Settings& current_settings();

/// Sets the settings of this OS thread's launches until the scope ends. Throws Error unless os_threads is 1 to 256.
class SettingsScope {
 public:
  explicit SettingsScope(const Settings& settings);
  ~SettingsScope();
  SettingsScope(const SettingsScope&) = delete;
  SettingsScope& operator=(const SettingsScope&) = delete;

 private:
  Settings previous_;
};

}  // namespace lockstep::simt
