// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

namespace lockstep::simt {

/// Calls `work` once on the calling thread and once on each of `count - 1` others at the same time; returns when all
/// calls have. The others are started when first needed and kept until the process ends, because each owns the stacks
/// of a block: starting them anew for every launch would map and unmap hundreds of megabytes. `work` must not throw.
/// Calls from several threads take turns.
void run_on_os_threads(int count, const std::function<void()>& work);

}  // namespace lockstep::simt
