// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/communicator/call.hpp"

namespace lockstep {

/// Elements that the call of this rank reads at call.in; of a broadcast only the root reads.
std::int64_t elements_read(const Call& call, int rank, int ranks);

/// Elements that the call writes at call.out.
std::int64_t elements_written(const Call& call, int ranks);

}  // namespace lockstep
