// SPDX-License-Identifier: Apache-2.0
#include "kernels/library_versions.hpp"

#ifdef LOCKSTEP_WITH_ONEDNN
#include <oneapi/dnnl/dnnl.h>
#endif
#ifdef LOCKSTEP_WITH_CUDA
#include <cublasLt.h>
#include <cudnn.h>
#endif

namespace lockstep {

std::vector<LibraryVersion> library_versions() {
  std::vector<LibraryVersion> libraries;
#ifdef LOCKSTEP_WITH_ONEDNN
  const dnnl_version_t* onednn = dnnl_version();
  libraries.push_back(
      {"oneDNN",
       std::to_string(onednn->major) + "." + std::to_string(onednn->minor) + "." + std::to_string(onednn->patch), ""});
#else
  libraries.push_back({"oneDNN", "", "this build of Lockstep was compiled without oneDNN"});
#endif
#ifdef LOCKSTEP_WITH_CUDA
  const std::size_t cudnn = cudnnGetVersion();
  libraries.push_back(
      {"cuDNN",
       std::to_string(cudnn / 10000) + "." + std::to_string(cudnn / 100 % 100) + "." + std::to_string(cudnn % 100),
       ""});
  const std::size_t cublas = cublasLtGetVersion();
  libraries.push_back({"cuBLASLt", std::to_string(cublas / 10000) + "." + std::to_string(cublas / 100 % 100), ""});
#else
  libraries.push_back({"cuDNN and cuBLAS", "", "this build of Lockstep was compiled without CUDA"});
#endif
  return libraries;
}

}  // namespace lockstep
