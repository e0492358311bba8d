// SPDX-License-Identifier: Apache-2.0
// Idea: two comparisons per element on the shared elementwise kernel (kernels/shared/elementwise.cuh), one launch per
// gradient.
// Fast because nothing but memory counts here: packs of 16 bytes, several in flight per thread, no tensor read twice.
#include <vector>

#include "kernels/shared/elementwise.cuh"
#include "kernels/shared/kernel_entry.hpp"
#include "reference/clip_grad_value.hpp"

namespace lockstep::LOCKSTEP_BACKEND {
namespace {

struct ClipToRange {
  float limit;

  __device__ __forceinline__ void operator()(const float (&grad)[1], float (&out)[1]) const {
    // Comparisons, not fminf and fmaxf, which would drop a NaN; a negative limit wins on both sides.
    const float raised = grad[0] < -limit ? -limit : grad[0];
    out[0] = raised > limit ? limit : raised;
    if (limit != limit) out[0] = limit;
  }
};

}  // namespace

Launch clip_grad_value_elementwise_packs(const Problem& problem, const Tensors& tensors, Device& device) {
  const ClipToRange clip{static_cast<float>(ClipGradValue(problem).clip_value)};
  std::vector<Launch> launches;
  for (std::size_t k = 0; k < tensors.inputs.size(); ++k) {
    if (tensors.inputs[k].count() == 0) continue;
    launches.push_back(with_scalar(problem.dtype, [&](auto tag) {
      return elementwise_launch<typename decltype(tag)::type, 1, 1>(clip, {tensors.inputs[k]}, {tensors.outputs[k]},
                                                                    device);
    }));
  }
  return [launches] {
    for (const Launch& one : launches) one();
  };
}

}  // namespace lockstep::LOCKSTEP_BACKEND
