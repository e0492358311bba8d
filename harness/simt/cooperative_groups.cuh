// SPDX-License-Identifier: Apache-2.0
// Cooperative groups, for the kernels that use them: CUDA's own under nvcc, the emulator's under a C++ compiler. Not part of
// port.cuh, since CUDA's header brings in much of its standard library: 5 of the 13 seconds that nvcc took for each kernel.
#pragma once

#include "harness/simt/port.cuh"

#ifdef __CUDACC__
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#else
#include "harness/simt/cooperative_groups.hpp"
namespace cooperative_groups = lockstep::simt::cooperative_groups;
#endif
