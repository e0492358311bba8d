// SPDX-License-Identifier: Apache-2.0
// One set of small kernels over everything that port.cuh offers, compiled for both machines: the emulator is right if a
// device gives the same numbers. All results are exact or correctly rounded, so they are compared bit for bit.
#pragma once

#include <string>
#include <vector>

namespace lockstep {

struct ConformanceResult {
  std::string name;
  std::vector<double> values;
};

namespace emulated {
std::vector<ConformanceResult> run_conformance();
}
namespace gpu {
bool has_device();
/// Needs a device; throws Error when CUDA refuses.
std::vector<ConformanceResult> run_conformance();
}  // namespace gpu

}  // namespace lockstep
