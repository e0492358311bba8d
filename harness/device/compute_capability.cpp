// SPDX-License-Identifier: Apache-2.0
#include "harness/device/compute_capability.hpp"

#ifdef LOCKSTEP_WITH_CUDA
#include <cuda_runtime_api.h>
#endif

namespace lockstep {

int gpu_compute_capability() {
#ifdef LOCKSTEP_WITH_CUDA
  int device = 0, major = 0, minor = 0;
  if (cudaGetDevice(&device) == cudaSuccess &&
      cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device) == cudaSuccess &&
      cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device) == cudaSuccess)
    return major * 10 + minor;
#endif
  return 0;
}

}  // namespace lockstep
