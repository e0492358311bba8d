// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "harness/device/compute_capability.hpp"
#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/matrix_units.hpp"

// Kernels for a GPU alone: those of the folders sm_90a, which use wgmma and TMA. The emulator has no copy of them.
namespace lockstep {

/// The implementation, declined on everything but a GPU of compute capability 9.0.
inline Implementation on_warpgroup_units(Implementation implementation) {
  implementation.unsupported = [others = implementation.unsupported](
                                   const Problem& problem, const Device& device) -> std::optional<std::string> {
    if (const auto reason = others(problem, device)) return reason;
    if (device.kind() != DeviceKind::gpu)
      return "needs a GPU of compute capability 9.0: the emulator has no wgmma and no TMA";
    const int capability = gpu_compute_capability();
    if (capability == 90) return std::nullopt;
    return "needs a GPU of compute capability 9.0 and no other, this one has " + capability_text(capability);
  };
  return implementation;
}

/// `terms` products of f16 or bf16 in wgmma, one after the other along one accumulator: exact, added with truncation,
/// 16 products and the accumulator at a time, 25 bits kept behind the largest one's binary point (harness/simt/
/// truncating_sums.hpp has the source). A step that adds r products loses up to (3 + r / 2) 2^-24 of the sum of
/// magnitudes: 2^-25 for each term cut off, the largest of the r + 1 being whole, and less than 2^-23 where their sum
/// is cut; 2^-24 are to spare. No other additions, which is a tree of as many leaves as terms.
inline PrecisionContract warpgroup_contract(std::int64_t terms) {
  const std::int64_t some = std::max<std::int64_t>(terms, 1), steps = (some + 15) / 16;
  PrecisionContract contract = float_accumulation(some);
  contract.truncation_per_term = static_cast<double>(6 * steps + some) / static_cast<double>(2 * some);
  contract.unbiased = false;
  return contract;
}

}  // namespace lockstep

/// The entry of a kernel that the emulator does not have; it is declared in namespace lockstep::gpu.
#ifdef LOCKSTEP_WITH_CUDA
#define LOCKSTEP_GPU_KERNEL(name) \
  ::lockstep::KernelEntry { nullptr, &::lockstep::gpu::name }
#else
#define LOCKSTEP_GPU_KERNEL(name) \
  ::lockstep::KernelEntry {}
#endif
