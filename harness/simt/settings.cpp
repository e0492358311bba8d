// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/settings.hpp"

#include <string>

#include "harness/data/error.hpp"

namespace lockstep::simt {
namespace {

thread_local Settings settings_of_this_thread;

}  // namespace

const Settings& current_settings() { return settings_of_this_thread; }

SettingsScope::SettingsScope(const Settings& settings) : previous_(settings_of_this_thread) {
  if (settings.os_threads < 1 || settings.os_threads > 256)
    throw Error("emulator settings: os_threads is " + std::to_string(settings.os_threads) + ", accepted are 1 to 256");
  settings_of_this_thread = settings;
}

SettingsScope::~SettingsScope() { settings_of_this_thread = previous_; }

}  // namespace lockstep::simt
