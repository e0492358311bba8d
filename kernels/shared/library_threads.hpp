// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace lockstep {

/// Lets the vendors' CPU libraries use so many threads for calls from the calling thread. Nothing happens where none of
/// them brought OpenMP.
void limit_library_threads(int threads);

}  // namespace lockstep
