// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace lockstep {

/// While it lives, SIGINT and SIGTERM set a flag instead of ending the process, so that a report of what was done can be
/// written. A second signal ends the process at once.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
};

bool interrupted();

}  // namespace lockstep
