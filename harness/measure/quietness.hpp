// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace lockstep {

/// Whether the machine does nothing else: no other thread of the whole system is running or ready to run, and a fixed amount
/// of arithmetic takes as long as it did at its best since the process started, within 10 %. The first finds neighbours on
/// the cores that the arithmetic, which is one thread and takes its best of five, does not see; the second a lowered clock,
/// and neighbours that this system cannot list. To be asked while no other thread of this process runs; takes at most about
/// 10 ms.
bool machine_is_quiet();

/// Threads that run or are ready to run, the asking one included, from the text of /proc/loadavg; 0 where it says nothing.
int runnable_threads(const char* loadavg);

}  // namespace lockstep
