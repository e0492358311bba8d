// SPDX-License-Identifier: Apache-2.0
#pragma once
#ifndef LOCKSTEP_LIBRARY_EMULATED
namespace lockstep {

/// Where a launch is queued: a cudaStream_t (which converts to this without a cast) for kernels that nvcc compiled,
/// ignored by the emulator, whose launches have finished when they return. Null is the default stream. An opaque
/// pointer lets host code pass streams about without seeing the CUDA headers.
using Stream = void*;

}  // namespace lockstep
#else  // a library's kernels are held to the stream that they are given
#include "harness/simt/expected_stream.hpp"
#endif
