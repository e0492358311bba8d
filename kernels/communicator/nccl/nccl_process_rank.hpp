// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "kernels/communicator/nccl/nccl_communicator.hpp"
#include "kernels/communicator/process_rank.hpp"

namespace lockstep {

/// Why ranks cannot be joined by NCCL here, in words: no NCCL in this build, or no GPU. Empty where they can.
std::string nccl_unavailable();

/// "2.28.3"; empty where this build has no NCCL.
std::string nccl_version();

/// This process as a rank of its launch, on the GPU that gpu_of_rank gives it. Calls are staged: buffers lie on the host,
/// and every call copies them to the GPU and back. Throws Error as make_nccl_communicator does.
std::unique_ptr<ProcessRank> make_nccl_process_rank(const LaunchEnvironment& launch, NcclOptions options = {});

}  // namespace lockstep
