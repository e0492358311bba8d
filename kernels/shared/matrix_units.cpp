// SPDX-License-Identifier: Apache-2.0
#include "kernels/shared/matrix_units.hpp"

#include <algorithm>

#include "harness/device/compute_capability.hpp"

namespace lockstep {
namespace {

constexpr std::int64_t kChunk = 16;
constexpr int kLowestCapability = 80;
constexpr std::int64_t kEmulatedProducts = std::int64_t{1} << 26;

std::string off_chunks(std::string_view name, std::string_view what, std::int64_t bytes) {
  return std::string(name) + ": " + std::string(what) + " lie " + std::to_string(bytes) +
         " bytes apart; asynchronous copies take multiples of 16";
}

std::optional<std::string> not_for_tf32_units(DType dtype) {
  if (dtype == DType::f32) return std::nullopt;
  return "tf32 is for f32: f16 and bf16 are multiplied as they are by tensor_core";
}

std::optional<std::string> not_on_device(const Device& device, std::int64_t products) {
  if (device.kind() == DeviceKind::emulated && products > kEmulatedProducts)
    return "needs a GPU: the emulator truncates sums as matrix units do, of up to 2^26 products";
  if (device.kind() != DeviceKind::gpu || gpu_compute_capability() >= kLowestCapability) return std::nullopt;
  return "needs a GPU of compute capability " + capability_text(kLowestCapability) + ", this one has " +
         capability_text(gpu_compute_capability());
}

}  // namespace

void add_tensor_core_kernels(std::vector<Implementation>& list, Direction direction, KernelEntry entry,
                             const MatrixUnitTraits& traits) {
  const auto add = [&](const char* idea, auto not_for_dtype) {
    Implementation implementation = cuda_kernel(idea, direction, entry, nullptr, traits.contract);
    implementation.unsupported = [not_for_dtype, traits, any_kernel = implementation.unsupported](
                                     const Problem& problem, const Device& device) -> std::optional<std::string> {
      if (const auto reason = any_kernel(problem, device)) return reason;
      if (const auto reason = not_for_dtype(problem.dtype)) return reason;
      if (const auto reason = traits.unsupported(problem)) return reason;
      return not_on_device(device, traits.products(problem));
    };
    list.push_back(std::move(implementation));
  };
  add("tensor_core", not_for_half_units);
  add("tensor_core_tf32", not_for_tf32_units);
}

std::int64_t unit_products(std::int64_t m, std::int64_t n, std::int64_t k) {
  const auto filled = [](std::int64_t extent, std::int64_t tile) { return (extent + tile - 1) / tile * tile; };
  return filled(m, 64) * filled(n, 64) * filled(k, 32);
}

std::string capability_text(int capability) {
  return std::to_string(capability / 10) + "." + std::to_string(capability % 10);
}

std::optional<std::string> not_for_half_units(DType dtype) {
  if (dtype == DType::f16 || dtype == DType::bf16) return std::nullopt;
  return "matrix units would round f32 to tf32: tensor_core_tf32 promises that";
}

std::optional<std::string> rows_off_chunks(std::string_view name, const MatrixView& matrix) {
  const std::int64_t bytes = matrix.pitch * static_cast<std::int64_t>(size_in_bytes(matrix.tensor.dtype));
  if (matrix.rows < 2 || bytes % kChunk == 0) return std::nullopt;
  return off_chunks(name, "rows", bytes);
}

std::optional<std::string> batches_off_chunks(std::string_view name, const Strides& distances, DType dtype) {
  for (std::int64_t distance : distances)
    if (const std::int64_t bytes = distance * static_cast<std::int64_t>(size_in_bytes(dtype)); bytes % kChunk != 0)
      return off_chunks(name, "matrices", bytes);
  return std::nullopt;
}

PrecisionContract matrix_unit_contract(DType dtype, std::int64_t parts, std::initializer_list<std::int64_t> runs) {
  PrecisionContract contract = float_accumulation(parts);
  const std::int64_t step = dtype == DType::f32 ? 4 : 8;
  if (dtype == DType::f32) contract.operand_roundoff = 0x1p-11;
  contract.truncation_per_term = static_cast<double>(3 + step) / static_cast<double>(step);
  for (std::int64_t run : runs) {
    if (run < 1) continue;
    const std::int64_t steps = (run + step - 1) / step;
    contract.truncation_per_term =
        std::max(contract.truncation_per_term, static_cast<double>(3 * steps + run) / static_cast<double>(run));
  }
  contract.unbiased = false;
  return contract;
}

PrecisionContract vendor_product_contract(const Problem& problem) {
  PrecisionContract contract = float_accumulation(1);
  if (problem.dtype == DType::f32) return contract;
  contract.truncation_per_term = 1.375;
  contract.unbiased = false;
  return contract;
}

}  // namespace lockstep
