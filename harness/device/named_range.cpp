// SPDX-License-Identifier: Apache-2.0
#include "harness/device/named_range.hpp"

#ifdef LOCKSTEP_WITH_CUDA
#include <nvtx3/nvToolsExt.h>
#endif

namespace lockstep {

#ifdef LOCKSTEP_WITH_CUDA
NamedRange::NamedRange(const Device& device, const std::string& name) : open_(device.kind() == DeviceKind::gpu) {
  if (open_) nvtxRangePushA(name.c_str());
}
NamedRange::~NamedRange() {
  if (open_) nvtxRangePop();
}
#else
NamedRange::NamedRange(const Device&, const std::string&) : open_(false) {}
NamedRange::~NamedRange() = default;
#endif

}  // namespace lockstep
