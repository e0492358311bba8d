// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/check_mode.hpp"

#include "harness/simt/annotations.hpp"

namespace lockstep::simt {

bool check_mode() { return check::kIsOn; }

#ifndef LOCKSTEP_SIMT_CHECK
void acquire_finished_blocks() {}
#endif

}  // namespace lockstep::simt
