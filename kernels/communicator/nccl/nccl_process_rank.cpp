// SPDX-License-Identifier: Apache-2.0
#include "kernels/communicator/nccl/nccl_process_rank.hpp"

#ifdef LOCKSTEP_WITH_NCCL
#include <nccl.h>
#endif

#include "harness/device/gpu_by_index.hpp"
#include "kernels/communicator/staging/staging_communicator.hpp"

namespace lockstep {
namespace {

class NcclProcessRank final : public ProcessRank {
 public:
  NcclProcessRank(const LaunchEnvironment& launch, const NcclOptions& options)
      : gpu_(make_gpu_device_by_index(gpu_of_rank(launch))),
        nccl_(make_nccl_communicator(launch, *gpu_, options)),
        staged_(*nccl_, *gpu_) {}

  std::string transport() const override { return "nccl"; }
  std::string remark() const override {
    const std::string& shared = nccl_->unreportable();
    return "computed on the CPU, buffers copied to the GPU for every call of NCCL and back, calls compared before "
           "they are made: no time is that of training on GPUs" +
           (shared.empty() ? "" : "; " + shared);
  }
  Communicator& communicator() override { return staged_; }
  std::vector<std::string> exchange(const std::string& mine, double limit_seconds) override {
    return nccl_->exchange(mine, limit_seconds);
  }

 private:
  std::unique_ptr<Device> gpu_;
  std::unique_ptr<NcclCommunicator> nccl_;
  StagingCommunicator staged_;
};

}  // namespace

std::string nccl_unavailable() {
#ifdef LOCKSTEP_WITH_NCCL
  return gpu_unavailable();
#else
  return "this build of Lockstep was compiled without NCCL";
#endif
}

std::string nccl_version() {
#ifdef LOCKSTEP_WITH_NCCL
  int version = 0;
  ncclGetVersion(&version);
  return std::to_string(version / 10000) + '.' + std::to_string(version / 100 % 100) + '.' +
         std::to_string(version % 100);
#else
  return "";
#endif
}

std::unique_ptr<ProcessRank> make_nccl_process_rank(const LaunchEnvironment& launch, NcclOptions options) {
  return std::make_unique<NcclProcessRank>(launch, options);
}

}  // namespace lockstep
