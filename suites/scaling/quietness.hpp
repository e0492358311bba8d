// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace lockstep {

/// Whether the machine does nothing else: the probe of harness/measure finds its arithmetic undisturbed, and no other thread
/// of the whole system is running or ready to run. The second catches neighbours on the cores that the probe, which is one
/// thread and takes its best of five, does not see. To be asked while no other thread of this process runs; takes at most
/// about 10 ms.
bool machine_is_idle();

/// Threads that run or are ready to run, the asking one included, from the text of /proc/loadavg; 0 where it says nothing.
int runnable_threads(const char* loadavg);

}  // namespace lockstep
