// SPDX-License-Identifier: Apache-2.0
#include "kernels/shared/kernel_entry.hpp"

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

std::optional<std::string> wrong_dtype(const Problem& problem) {
  if (problem.dtype == DType::f32 || problem.dtype == DType::f16 || problem.dtype == DType::bf16) return std::nullopt;
  return "dtype " + std::string(name_of(problem.dtype)) + "; accepted: f32, f16, bf16";
}

std::string library_of(Backend backend) {
  switch (backend) {
    case Backend::onednn: return "oneDNN";
    case Backend::cudnn: return "cuDNN";
    case Backend::cublas: return "cuBLAS";
    default: return std::string(name_of(backend));
  }
}

}  // namespace

Implementation cuda_kernel(std::string idea, Direction direction, KernelEntry entry, UnsupportedFunction unsupported,
                           ContractFunction contract) {
  return {
      .backend = Backend::cuda,
      .direction = direction,
      .idea = std::move(idea),
      .unsupported = [entry, unsupported](const Problem& problem, const Device& device) -> std::optional<std::string> {
        if (device.kind() == DeviceKind::cpu) return "CUDA kernels run on a GPU or under the emulator";
        if (device.kind() == DeviceKind::gpu && !entry.gpu) return "this build of Lockstep was compiled without CUDA";
        if (const auto reason = wrong_dtype(problem)) return reason;
        return unsupported ? unsupported(problem) : std::nullopt;
      },
      .contract = contract,
      .prepare =
          [entry](const Problem& problem, const Tensors& tensors, Device& device) {
            return (device.kind() == DeviceKind::gpu ? entry.gpu : entry.emulated)(problem, tensors, device);
          }};
}

Implementation vendor_call(Backend backend, std::string idea, Direction direction, PrepareFunction entry,
                           UnsupportedFunction unsupported, ContractFunction contract) {
  return {.backend = backend,
          .direction = direction,
          .idea = std::move(idea),
          .unsupported = [backend, entry, unsupported](const Problem& problem,
                                                       const Device& device) -> std::optional<std::string> {
            if (!entry) return "this build of Lockstep was compiled without " + library_of(backend);
            if (!runs_on(backend, device.kind())) {
              const std::string missing = gpu_unavailable();
              return library_of(backend) + " needs a GPU: " + (missing.empty() ? "not chosen for this run" : missing);
            }
            if (const auto reason = wrong_dtype(problem)) return reason;
            return unsupported ? unsupported(problem) : std::nullopt;
          },
          .contract = contract,
          .prepare = entry};
}

PrecisionContract float_accumulation(std::int64_t partial_sums) { return {.partial_sums = partial_sums}; }

}  // namespace lockstep
