// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/plan/implementation.hpp"
#include "harness/plan/operator.hpp"

namespace lockstep {

/// Host side of a kernel or of a vendor's call: plans for this problem and returns the launch.
using PrepareFunction = Launch (*)(const Problem&, const Tensors&, Device&);

/// A CUDA kernel compiled twice from one source: for the emulator always, for the GPU where nvcc was used (else null).
struct KernelEntry {
  PrepareFunction emulated = nullptr, gpu = nullptr;
};

using UnsupportedFunction = std::optional<std::string> (*)(const Problem&);
using ContractFunction = PrecisionContract (*)(const Problem&);

/// An own kernel. `unsupported` says which problems it does not take (null: it takes all); dtypes other than f32, f16, bf16
/// are refused here.
Implementation cuda_kernel(std::string idea, Direction direction, KernelEntry entry, UnsupportedFunction unsupported,
                           ContractFunction contract);

/// A vendor's call. `entry` is null in builds without the vendor's library; the implementation is then listed and skipped
/// with that reason.
Implementation vendor_call(Backend backend, std::string idea, Direction direction, PrepareFunction entry,
                           UnsupportedFunction unsupported, ContractFunction contract);

/// Accumulates in float in `partial_sums` chains; elementary functions as CUDA documents them.
PrecisionContract float_accumulation(std::int64_t partial_sums);

}  // namespace lockstep

/// Declares a kernel's host side in both backends.
#define LOCKSTEP_DECLARE_KERNEL(name)                   \
  namespace emulated {                                  \
  Launch name(const Problem&, const Tensors&, Device&); \
  }                                                     \
  namespace gpu {                                       \
  Launch name(const Problem&, const Tensors&, Device&); \
  }

#ifdef LOCKSTEP_WITH_CUDA
#define LOCKSTEP_KERNEL(name) \
  ::lockstep::KernelEntry { &::lockstep::emulated::name, &::lockstep::gpu::name }
#define LOCKSTEP_CUDA_LIBRARY(name) &::lockstep::name
#else
#define LOCKSTEP_KERNEL(name) \
  ::lockstep::KernelEntry { &::lockstep::emulated::name, nullptr }
#define LOCKSTEP_CUDA_LIBRARY(name) nullptr
#endif

#ifdef LOCKSTEP_WITH_ONEDNN
#define LOCKSTEP_ONEDNN(name) &::lockstep::name
#else
#define LOCKSTEP_ONEDNN(name) nullptr
#endif
