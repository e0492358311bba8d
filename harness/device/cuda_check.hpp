// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#include <string>

#include "harness/data/error.hpp"

namespace lockstep {

inline void cuda_check(cudaError_t status, const char* call, const char* file, int line) {
  if (status == cudaSuccess) return;
  throw Error(std::string("CUDA: ") + cudaGetErrorString(status) + " in " + call + " at " + file + ":" +
              std::to_string(line));
}

}  // namespace lockstep

#define LOCKSTEP_CUDA_CHECK(call) ::lockstep::cuda_check((call), #call, __FILE__, __LINE__)
