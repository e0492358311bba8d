// SPDX-License-Identifier: Apache-2.0
// Kernels of your own behind lockstep_kernels.h, in a dozen lines. A kernel is a class:
//
//   struct WarpPerRow {
//     static constexpr lockstep::library::Description description{"layer_norm", LOCKSTEP_FORWARD, "warp_per_row"};
//     static std::string unsupported(const lockstep::library::Problem&);             // optional: why not; empty: taken
//     static void contract(const lockstep::library::Problem&, lockstep_contract&);  // optional: what differs
//     explicit WarpPerRow(const lockstep::library::Problem&);                       // plans; may throw
//     std::int64_t workspace_bytes() const;                                         // optional: 0
//     void launch(const lockstep::library::Launch&) const;                          // queues the work; may throw
//   };
//   LOCKSTEP_KERNELS(WarpPerRow, ...)
//
// Compiled by nvcc the library runs on a GPU. Compiled by a C++ compiler with LOCKSTEP_LIBRARY_EMULATED defined and the
// emulator linked it runs there, with LOCKSTEP_LIBRARY_CHECKED in its check mode; without, its functions run on the CPU.
// `lockstep_add_kernels` of the CMake package does all that. An exception becomes a status with its text, whatever the emulator finds included.
#pragma once

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "harness/plugin/lockstep_kernels.h"
#if defined(__CUDACC__)
#include "harness/simt/port.cuh"
#elif defined(LOCKSTEP_LIBRARY_EMULATED)
#include "harness/simt/expected_stream.hpp"
#include "harness/simt/port.cuh"
#include "harness/simt/settings.hpp"
#ifdef LOCKSTEP_LIBRARY_CHECKED
#include "harness/plugin/checked_tensors.hpp"
#endif
#endif

namespace lockstep::library {

#if defined(__CUDACC__)
inline constexpr std::int32_t kDevice = LOCKSTEP_GPU;
#elif defined(LOCKSTEP_LIBRARY_EMULATED)
inline constexpr std::int32_t kDevice = LOCKSTEP_EMULATED;
#else
inline constexpr std::int32_t kDevice = LOCKSTEP_CPU;
#endif

struct Description {
  const char* operator_name;
  std::int32_t direction;
  const char* name;
};

/// A tensor of a problem. shape by axis, outermost first; strides in elements; data is null in unsupported and contract.
struct Tensor {
  std::string name;
  void* data = nullptr;
  std::int32_t dtype = LOCKSTEP_F32;
  std::vector<std::int64_t> shape, strides;

  template <class Element>
  Element* as() const {
    return static_cast<Element*>(data);
  }
  std::int64_t count() const {
    std::int64_t elements = 1;
    for (const std::int64_t extent : shape) elements *= extent;
    return elements;
  }
  bool is_contiguous() const {
    std::int64_t step = 1;
    for (std::size_t axis = shape.size(); axis-- > 0; step *= shape[axis])
      if (strides[axis] != step) return false;
    return true;
  }
  /// Whether the first element lies on a multiple of `bytes`.
  bool is_aligned(std::size_t bytes) const { return reinterpret_cast<std::uintptr_t>(data) % bytes == 0; }
};

/// The problem that a call is about; valid during that call. Tensors are copies that may be kept.
class Problem {
 public:
  explicit Problem(const lockstep_problem& problem) : problem_(&problem) {}

  std::int32_t dtype() const { return problem_->dtype; }
  std::int32_t layout() const { return problem_->layout; }
  std::string label() const { return problem_->label; }
  std::int64_t workspace_limit_bytes() const { return problem_->workspace_limit_bytes; }
  bool has_input(std::string_view name) const { return find(problem_->inputs, problem_->input_count, name) != nullptr; }
  /// Throws std::invalid_argument when the problem has no such tensor.
  Tensor input(std::string_view name) const { return tensor(problem_->inputs, problem_->input_count, name); }
  Tensor output(std::string_view name) const { return tensor(problem_->outputs, problem_->output_count, name); }

  /// Parameters under PyTorch's names; `fallback`, PyTorch's default, where the problem leaves it. Throw
  /// std::invalid_argument for a value of another type.
  std::string text(std::string_view name, std::string_view fallback) const {
    for (std::size_t i = 0; i < problem_->parameter_count; ++i)
      if (name == problem_->parameters[i].name) return problem_->parameters[i].token;
    return std::string(fallback);
  }
  bool boolean(std::string_view name, bool fallback) const {
    const std::string token = text(name, fallback ? "true" : "false");
    if (token != "true" && token != "false") reject(name, token, "true or false");
    return token == "true";
  }
  std::int64_t integer(std::string_view name, std::int64_t fallback) const {
    return number(name, text(name, ""), fallback, "an integer");
  }
  double real(std::string_view name, double fallback) const {
    return number(name, text(name, ""), fallback, "a number");
  }
  /// A list, 5x7; empty where the problem has none.
  std::vector<std::int64_t> integers(std::string_view name) const {
    const std::string token = text(name, "");
    std::vector<std::int64_t> list;
    for (std::size_t at = 0; at < token.size() && token != "empty";) {
      const std::size_t end = std::min(token.find('x', at), token.size());
      list.push_back(number(name, token.substr(at, end - at), std::int64_t{0}, "integers joined by x"));
      at = end + 1;
    }
    return list;
  }

 private:
  static const lockstep_tensor* find(const lockstep_tensor* list, std::size_t count, std::string_view name) {
    for (std::size_t i = 0; i < count; ++i)
      if (name == list[i].name) return &list[i];
    return nullptr;
  }
  Tensor tensor(const lockstep_tensor* list, std::size_t count, std::string_view name) const {
    const lockstep_tensor* const found = find(list, count, name);
    if (!found) throw std::invalid_argument("the problem " + label() + " has no tensor " + std::string(name));
    return {found->name,
            found->data,
            found->dtype,
            {found->shape, found->shape + found->rank},
            {found->strides, found->strides + found->rank}};
  }
  [[noreturn]] static void reject(std::string_view name, const std::string& token, const char* accepted) {
    throw std::invalid_argument("parameter " + std::string(name) + " is '" + token + "'; accepted: " + accepted);
  }
  template <class Number>
  static Number number(std::string_view name, std::string token, Number fallback, const char* accepted) {
    if (token.empty()) return fallback;
    for (char& c : token)
      if (c == '_') c = '-';
    Number value = 0;
    const auto [end, failure] = std::from_chars(token.data(), token.data() + token.size(), value);
    if (failure != std::errc{} || end != token.data() + token.size()) reject(name, token, accepted);
    return value;
  }

  const lockstep_problem* problem_;
};

/// stream: what kernels are launched on (a cudaStream_t where nvcc compiled). workspace: workspace_bytes() bytes, aligned to
/// 256, to be written freely.
struct Launch {
  void* stream = nullptr;
  void* workspace = nullptr;
  std::int64_t workspace_bytes = 0;
};

/// A kernel with what has to live as long.
template <class Kernel>
struct Plan {
#ifdef LOCKSTEP_LIBRARY_CHECKED
  explicit Plan(const lockstep_problem& problem) : tensors(problem), kernel(Problem(tensors.problem())) {}
  void launch(Launch launch) {
    launch.workspace = tensors.bring(launch.workspace, launch.workspace_bytes);
    kernel.launch(launch);
    tensors.take_back();
  }
  CheckedTensors tensors;
  Kernel kernel;
  static constexpr double kPreemption = 0.02;  // of the accesses, where threads come in random order
#else
  explicit Plan(const lockstep_problem& problem) : kernel(Problem(problem)) {}
  void launch(const Launch& launch) { kernel.launch(launch); }
  Kernel kernel;
  static constexpr double kPreemption = 0;
#endif
};

inline void write_message(lockstep_message* message, const char* text) noexcept {
  if (!message || !message->text || message->capacity == 0) return;
  std::strncpy(message->text, text, message->capacity - 1);
  message->text[message->capacity - 1] = '\0';
}

/// Runs `body`, which returns a status, and turns what it throws into one.
template <class Body>
std::int32_t guarded(lockstep_message* message, Body body) noexcept {
  try {
    return body();
  } catch (const std::exception& error) {
    write_message(message, error.what());
  } catch (...) {
    write_message(message, "an exception that is no std::exception");
  }
  return LOCKSTEP_FAILED;
}

/// The functions of the C interface over a kernel's class.
template <class Kernel>
struct Adapter {
  static std::int32_t unsupported(const void*, const lockstep_problem* problem, lockstep_message* message) noexcept {
    return guarded(message, [&]() -> std::int32_t {
      if constexpr (requires(const Problem& p) { Kernel::unsupported(p); }) {
        const std::string reason = Kernel::unsupported(Problem(*problem));
        if (!reason.empty()) {
          write_message(message, reason.c_str());
          return LOCKSTEP_UNSUPPORTED;
        }
      }
      return LOCKSTEP_OK;
    });
  }
  static std::int32_t contract(const void*, const lockstep_problem* problem, lockstep_contract* contract,
                               lockstep_message* message) noexcept {
    return guarded(message, [&]() -> std::int32_t {
      if constexpr (requires(const Problem& p) { Kernel::contract(p, *contract); })
        Kernel::contract(Problem(*problem), *contract);
      return LOCKSTEP_OK;
    });
  }
  static std::int32_t prepare(const void*, const lockstep_problem* problem, void** plan, std::int64_t* workspace_bytes,
                              lockstep_message* message) noexcept {
    return guarded(message, [&]() -> std::int32_t {
      auto* const made = new Plan<Kernel>(*problem);
      *plan = made;
      *workspace_bytes = 0;
      if constexpr (requires { made->kernel.workspace_bytes(); }) *workspace_bytes = made->kernel.workspace_bytes();
      return LOCKSTEP_OK;
    });
  }
  static std::int32_t launch(const void*, void* plan, const lockstep_launch* launch,
                             lockstep_message* message) noexcept {
    return guarded(message, [&]() -> std::int32_t {
#if defined(LOCKSTEP_LIBRARY_EMULATED) && !defined(__CUDACC__)
      const auto order = static_cast<simt::Order>(launch->emulated_order);
      const simt::SettingsScope settings({.order = order,
                                          .seed = launch->emulated_seed,
                                          .os_threads = 1,
                                          .preemption = order == simt::Order::random ? Plan<Kernel>::kPreemption : 0});
      const simt::ExpectedStream stream(launch->stream);
#endif
      static_cast<Plan<Kernel>*>(plan)->launch({launch->stream, launch->workspace, launch->workspace_bytes});
      return LOCKSTEP_OK;
    });
  }
  static void release(const void*, void* plan) noexcept { delete static_cast<Plan<Kernel>*>(plan); }

  static constexpr lockstep_implementation implementation{sizeof(lockstep_implementation),
                                                          Kernel::description.operator_name,
                                                          Kernel::description.name,
                                                          Kernel::description.direction,
                                                          kDevice,
                                                          nullptr,
                                                          &unsupported,
                                                          &contract,
                                                          &prepare,
                                                          &launch,
                                                          &release};
};

template <class... Kernels>
const lockstep_library* list_kernels() noexcept {
  static constexpr const lockstep_implementation* implementations[]{&Adapter<Kernels>::implementation...};
  static constexpr lockstep_library list{sizeof(lockstep_library), implementations, sizeof...(Kernels)};
  return &list;
}

}  // namespace lockstep::library

/// Once in a library, outside of any namespace: the classes of its kernels.
#define LOCKSTEP_KERNELS(...)                                                                                          \
  extern "C" LOCKSTEP_EXPORT std::uint32_t lockstep_kernels_abi_version(void) { return LOCKSTEP_KERNELS_ABI_VERSION; } \
  extern "C" LOCKSTEP_EXPORT const lockstep_library* lockstep_kernels(lockstep_message*) {                             \
    return ::lockstep::library::list_kernels<__VA_ARGS__>();                                                           \
  }
