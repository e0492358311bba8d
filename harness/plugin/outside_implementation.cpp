// SPDX-License-Identifier: Apache-2.0
#include "harness/plugin/outside_implementation.hpp"

#include <cmath>
#include <memory>
#include <utility>

#include "harness/data/error.hpp"
#include "harness/device/guarded_tensor.hpp"
#include "harness/plan/inspections.hpp"
#include "harness/plan/scratch_device.hpp"
#include "harness/plugin/library_call.hpp"
#include "harness/plugin/passed_problem.hpp"
#include "harness/simt/settings.hpp"

namespace lockstep {
namespace {

static_assert(static_cast<int>(VarianceAlgorithm::two_pass) == LOCKSTEP_TWO_PASS &&
              static_cast<int>(VarianceAlgorithm::welford) == LOCKSTEP_WELFORD &&
              static_cast<int>(VarianceAlgorithm::one_pass) == LOCKSTEP_ONE_PASS);
static_assert(static_cast<int>(simt::Order::forward) == LOCKSTEP_ORDER_FORWARD &&
              static_cast<int>(simt::Order::reverse) == LOCKSTEP_ORDER_REVERSE &&
              static_cast<int>(simt::Order::random) == LOCKSTEP_ORDER_RANDOM);

/// What all calls of one implementation share.
struct Behind {
  const Operator* definition;
  const lockstep_implementation* functions;
  OutsideKernel kernel;
  std::int64_t workspace_limit_bytes;
};

/// Throws Error unless the status is LOCKSTEP_OK.
void expect_ok(const char* function, std::int32_t status, const LibraryMessage& message) {
  if (status == LOCKSTEP_OK) return;
  if (status == LOCKSTEP_FAILED) throw Error(message.text(std::string(function) + " failed and does not say why"));
  if (status == LOCKSTEP_UNSUPPORTED)
    throw Error(std::string(function) + " declines what `unsupported` took: " + message.text("no reason given"));
  throw Error(std::string(function) + " returned the status " + std::to_string(status) + "; accepted: 0, 1, 2");
}

lockstep_contract default_contract() {
  const PrecisionContract c;
  return {.struct_size = sizeof(lockstep_contract),
          .accumulation = static_cast<std::int32_t>(c.accumulation),
          .variance = static_cast<std::int32_t>(c.variance),
          .partial_sums = c.partial_sums,
          .exp_ulp = c.exp_ulp,
          .erf_ulp = c.erf_ulp,
          .tanh_ulp = c.tanh_ulp,
          .log_ulp = c.log_ulp,
          .rsqrt_ulp = c.rsqrt_ulp,
          .erf_absolute = c.erf_absolute,
          .operand_roundoff = c.operand_roundoff,
          .truncation_per_term = c.truncation_per_term,
          .unbiased = c.unbiased,
          .flushes_subnormals = c.flushes_subnormals,
          .copies_keep_zero_sign = c.copies_keep_zero_sign,
          .deterministic = c.deterministic};
}

double amount(const char* field, double value) {
  if (!(value >= 0) || !std::isfinite(value))
    throw Error(std::string("the contract's ") + field + " is " + std::to_string(value) + "; accepted: 0 or more");
  return value;
}

bool flag(const char* field, std::int32_t value) {
  if (value != 0 && value != 1)
    throw Error(std::string("the contract's ") + field + " is " + std::to_string(value) + "; accepted: 0, 1");
  return value == 1;
}

PrecisionContract checked(const lockstep_contract& c) {
  if (c.accumulation < LOCKSTEP_F64 || c.accumulation > LOCKSTEP_BF16)
    throw Error("the contract accumulates in dtype " + std::to_string(c.accumulation) +
                "; accepted: 0 (f64), 1 (f32), 2 (f16), 3 (bf16)");
  if (c.variance < LOCKSTEP_TWO_PASS || c.variance > LOCKSTEP_ONE_PASS)
    throw Error("the contract's variance is " + std::to_string(c.variance) +
                "; accepted: 0 (two_pass), 1 (welford), 2 (one_pass)");
  if (c.partial_sums < 1)
    throw Error("the contract's partial_sums is " + std::to_string(c.partial_sums) + "; accepted: 1 or more");
  return {.accumulation = static_cast<DType>(c.accumulation),
          .partial_sums = c.partial_sums,
          .variance = static_cast<VarianceAlgorithm>(c.variance),
          .exp_ulp = amount("exp_ulp", c.exp_ulp),
          .erf_ulp = amount("erf_ulp", c.erf_ulp),
          .tanh_ulp = amount("tanh_ulp", c.tanh_ulp),
          .log_ulp = amount("log_ulp", c.log_ulp),
          .rsqrt_ulp = amount("rsqrt_ulp", c.rsqrt_ulp),
          .erf_absolute = amount("erf_absolute", c.erf_absolute),
          .operand_roundoff = amount("operand_roundoff", c.operand_roundoff),
          .truncation_per_term = amount("truncation_per_term", c.truncation_per_term),
          .unbiased = flag("unbiased", c.unbiased),
          .flushes_subnormals = flag("flushes_subnormals", c.flushes_subnormals),
          .copies_keep_zero_sign = flag("copies_keep_zero_sign", c.copies_keep_zero_sign),
          .deterministic = flag("deterministic", c.deterministic)};
}

std::string needed(DeviceKind device) {
  switch (device) {
    case DeviceKind::cpu: return "it runs on the CPU";
    case DeviceKind::emulated: return "it was compiled for the emulator; its build for the GPU is a library of its own";
    case DeviceKind::gpu: break;
  }
  const std::string missing = gpu_unavailable();
  return "it was compiled for a GPU: " + (missing.empty() ? "not chosen for this run" : missing);
}

/// What a kernel is told that its workspace may take: less where the device itself gives less.
std::int64_t workspace_limit(const Behind& behind, const Device& device) {
  const auto* const scratch = dynamic_cast<const ScratchDevice*>(&device);
  if (!scratch || scratch->limit_bytes() > static_cast<std::size_t>(behind.workspace_limit_bytes))
    return behind.workspace_limit_bytes;
  return static_cast<std::int64_t>(scratch->limit_bytes());
}

std::optional<std::string> ask_unsupported(const Behind& behind, const Problem& problem, const Device& device) {
  if (device.kind() != behind.kernel.device) return needed(behind.kernel.device);
  const PassedProblem passed(*behind.definition, problem, device.kind(), nullptr, workspace_limit(behind, device));
  LibraryMessage message;
  const std::int32_t status = call_library("unsupported", [&] {
    return behind.functions->unsupported(behind.functions->self, passed.get(), message.get());
  });
  if (status == LOCKSTEP_UNSUPPORTED) return message.text("the library gives no reason");
  expect_ok("unsupported", status, message);
  return std::nullopt;
}

PrecisionContract ask_contract(const Behind& behind, const Problem& problem) {
  const PassedProblem passed(*behind.definition, problem, behind.kernel.device, nullptr, behind.workspace_limit_bytes);
  lockstep_contract contract = default_contract();
  LibraryMessage message;
  expect_ok(
      "contract",
      call_library(
          "contract",
          [&] { return behind.functions->contract(behind.functions->self, passed.get(), &contract, message.get()); }),
      message);
  return checked(contract);
}

/// A plan of the library with the workspace that it asked for.
class Planned {
 public:
  Planned(const Behind& behind, const Problem& problem, const Tensors& tensors, Device& device)
      : functions_(behind.functions), stream_(stream_for(device)) {
    const std::int64_t limit = workspace_limit(behind, device);
    const PassedProblem passed(*behind.definition, problem, device.kind(), &tensors, limit);
    LibraryMessage message;
    std::int64_t bytes = 0;
    const std::int32_t status = call_library(
        "prepare", [&] { return functions_->prepare(functions_->self, passed.get(), &plan_, &bytes, message.get()); });
    expect_ok("prepare", status, message);
    has_plan_ = true;
    try {
      take_workspace(bytes, limit, device);
    } catch (...) {
      release();
      throw;
    }
  }
  Planned(const Planned&) = delete;
  Planned& operator=(const Planned&) = delete;
  ~Planned() { release(); }

  void launch() const {
    const simt::Settings& settings = simt::current_settings();
    const lockstep_launch call{.struct_size = sizeof(lockstep_launch),
                               .stream = stream_,
                               .workspace = workspace_,
                               .workspace_bytes = workspace_bytes_,
                               .emulated_order = static_cast<std::int32_t>(settings.order),
                               .emulated_seed = settings.seed};
    LibraryMessage message;
    expect_ok("launch",
              call_library("launch", [&] { return functions_->launch(functions_->self, plan_, &call, message.get()); }),
              message);
  }

 private:
  /// The emulator has no streams: an address that is nobody else's tells its launches apart.
  static void* stream_for(const Device& device) {
    static char emulated_stream;
    return device.kind() == DeviceKind::emulated ? &emulated_stream : device.stream();
  }
  void take_workspace(std::int64_t bytes, std::int64_t limit, Device& device) {
    if (bytes < 0 || bytes > limit)
      throw Error("prepare asks for " + std::to_string(bytes) + " bytes of workspace; accepted: 0 to " +
                  std::to_string(limit));
    if (bytes == 0) return;
    workspace_bytes_ = bytes;
    if (dynamic_cast<ScratchDevice*>(&device)) {  // which guards, poisons and counts what it hands out
      scratch_ = std::make_unique<DeviceMemory>(device, static_cast<std::size_t>(bytes));
      workspace_ = scratch_->get();
      return;
    }
    const auto guarded = std::make_shared<GuardedTensor>(device, DType::u8, Shape{bytes}, Layout::contiguous);
    guarded->poison(GuardedTensor::kFirstPoison);
    guarded_ = guarded;
    workspace_ = guarded->view().data;
    Inspections::add([workspace = guarded]() -> std::optional<std::string> {
      workspace->download();
      if (const auto damage = workspace->damage()) return "workspace: " + *damage;
      return std::nullopt;
    });
  }
  void release() noexcept {
    if (!std::exchange(has_plan_, false)) return;
    try {
      functions_->release(functions_->self, plan_);
    } catch (...) {  // a destructor cannot say it, and the verdict does not hang on it
    }
  }

  const lockstep_implementation* functions_;
  void* stream_;
  void* plan_ = nullptr;
  bool has_plan_ = false;
  void* workspace_ = nullptr;
  std::int64_t workspace_bytes_ = 0;
  std::shared_ptr<GuardedTensor> guarded_;
  std::unique_ptr<DeviceMemory> scratch_;
};

}  // namespace

Implementation outside_implementation(const Operator& definition, const OutsideKernel& kernel,
                                      const lockstep_implementation& functions, std::int64_t workspace_limit_bytes) {
  const Behind behind{&definition, &functions, kernel, workspace_limit_bytes};
  return {.backend = backend_for(kernel.device),
          .direction = kernel.direction,
          .idea = kernel.name,
          .unsupported = [behind](const Problem& problem,
                                  const Device& device) { return ask_unsupported(behind, problem, device); },
          .contract = [behind](const Problem& problem) { return ask_contract(behind, problem); },
          .prepare = [behind](const Problem& problem, const Tensors& tensors, Device& device) -> Launch {
            return [planned = std::make_shared<const Planned>(behind, problem, tensors, device)] { planned->launch(); };
          }};
}

}  // namespace lockstep
