// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/data/tensor_view.hpp"
#include "harness/device/device.hpp"
#include "harness/numerics/precision_contract.hpp"
#include "harness/plan/problem.hpp"

namespace lockstep {

/// Whose code an implementation is; the first part of its name.
enum class Backend : std::uint8_t { reference, onednn, cuda, cudnn, cublas };
std::string_view name_of(Backend backend);

/// Tensors of a problem in the order of its signature, on the device.
struct Tensors {
  std::vector<TensorView> inputs, outputs;
};

/// The timed part and nothing else: plans, descriptors and workspace were made before. May be called again and again.
using Launch = std::function<void()>;

/// One way to compute an operator in one direction.
struct Implementation {
  Backend backend = Backend::reference;
  Direction direction = Direction::forward;
  /// Idea in words: "warp_per_row". Of a library from outside it is the whole name, behind the library's: "mine.warp_per_row".
  std::string idea;
  /// Why this problem cannot run here (dtype, layout, alignment, no GPU), or nothing.
  std::function<std::optional<std::string>(const Problem&, const Device&)> unsupported;
  std::function<PrecisionContract(const Problem&)> contract;
  /// Plans and allocates; throws Error when that fails. The tensors outlive the launch.
  std::function<Launch(const Problem&, const Tensors&, Device&)> prepare;

  /// "cuda.warp_per_row"
  std::string name() const;
};

/// Kernels run on the GPU where there is one and under the emulator elsewhere; vendors' GPU libraries on the GPU alone;
/// everything else on the CPU.
bool runs_on(Backend backend, DeviceKind device);

}  // namespace lockstep
