// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/implementation.hpp"

namespace lockstep {

std::string_view name_of(Backend backend) {
  switch (backend) {
    case Backend::reference: return "reference";
    case Backend::onednn: return "onednn";
    case Backend::cuda: return "cuda";
    case Backend::cudnn: return "cudnn";
    case Backend::cublas: return "cublas";
  }
  return "";
}

std::string Implementation::name() const {
  return idea.find('.') == std::string::npos ? std::string(name_of(backend)) + "." + idea : idea;
}

bool runs_on(Backend backend, DeviceKind device) {
  switch (backend) {
    case Backend::reference:
    case Backend::onednn: return device == DeviceKind::cpu;
    case Backend::cuda: return device != DeviceKind::cpu;
    case Backend::cudnn:
    case Backend::cublas: return device == DeviceKind::gpu;
  }
  return false;
}

}  // namespace lockstep
