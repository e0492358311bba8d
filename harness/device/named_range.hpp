// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/device/device.hpp"

namespace lockstep {

/// While it lives, a profiler shows this thread's work on a GPU under `name`, the id of a case (NVTX). Costs nothing where no
/// profiler listens; does nothing on other devices and in builds without CUDA.
class NamedRange {
 public:
  NamedRange(const Device& device, const std::string& name);
  ~NamedRange();
  NamedRange(const NamedRange&) = delete;
  NamedRange& operator=(const NamedRange&) = delete;

 private:
  bool open_;
};

}  // namespace lockstep
