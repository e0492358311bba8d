// SPDX-License-Identifier: Apache-2.0
// The machine, for kernels: the only header that a kernel file includes for it, beside cooperative_groups.cuh where it uses
// those. Compiled by nvcc it brings the CUDA
// headers, compiled by a C++ compiler the emulator; kernels are written in CUDA's own spelling, with these additions:
//
//   namespace lockstep::LOCKSTEP_BACKEND { ... }         gpu or emulated: both versions of a kernel live in one binary
//   LOCKSTEP_SHARED(float, tile, [32][33]);              __shared__ float tile[32][33], aligned to 16 bytes
//   LOCKSTEP_SHARED(float, total);                       __shared__ float total
//   LOCKSTEP_DYNAMIC_SHARED(float, scratch);             float* scratch: the launch's dynamic shared memory
//   lockstep::launch(kernel, LaunchShape{grid, block, dynamic_shared_bytes}, stream, arguments...)
//
// See README.md beside this file for what the emulator does not do.
#pragma once

#include "harness/simt/launch_shape.hpp"
#include "harness/simt/stream.hpp"

#ifndef LOCKSTEP_BACKEND
#ifdef __CUDACC__
#define LOCKSTEP_BACKEND gpu
#else
#define LOCKSTEP_BACKEND emulated
#endif
#endif

#ifdef __CUDACC__
#include "harness/simt/port_nvcc.hpp"
#else
#include "harness/simt/port_emulator.hpp"
#endif
#include "harness/simt/matrix_units.hpp"
