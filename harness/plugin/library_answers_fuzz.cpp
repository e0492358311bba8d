// SPDX-License-Identifier: Apache-2.0
// What a library answers, thought up: its list of kernels, and of each whether it takes a problem, what it promises, how much
// workspace it wants, how its calls end and what they say. Pointers are honest: one into nowhere is a crash of the worker, an
// outcome that needs no reader.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <deque>
#include <stdexcept>
#include <vector>

#include "harness/fuzz/fuzz_target.hpp"
#include "harness/plugin/kernel_library.hpp"
#include "harness/plugin/testing/rectifier.hpp"

namespace lockstep {
namespace {

constexpr std::int64_t kWorkspaceLimit = 1 << 16;

/// Takes values off the front of the input; zeros behind its end.
class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
  template <class T>
  T next() {
    T value{};
    const std::size_t taken = std::min(left_, sizeof(T));
    if (taken > 0) std::memcpy(&value, data_, taken);
    data_ += taken;
    left_ -= taken;
    return value;
  }
  /// Of one byte: most answers are small numbers, and one beside what is accepted is near.
  int small() { return next<std::int8_t>(); }
  bool flag() { return (next<std::uint8_t>() & 1) != 0; }
  std::string text() {
    std::string text(next<std::uint8_t>(), ' ');
    for (char& c : text) c = next<char>();
    return text;
  }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};

/// The input of the run that is going on: what the functions of the library answer from.
Bytes* answers = nullptr;

/// A status, and what is said with it: nothing, a text with its end, or as many bytes as there is room for without one.
std::int32_t end_of_call(lockstep_message* message) {
  const int status = answers->small();
  if (status == 99) throw std::runtime_error("thrown");
  if (status == 98) throw 7;
  if (answers->flag()) {
    const std::string text = answers->text();
    std::memcpy(message->text, text.c_str(), std::min(text.size() + 1, message->capacity));
  } else if (answers->flag()) {
    std::memset(message->text, answers->next<std::uint8_t>(), message->capacity);
  }
  return status;
}

std::int32_t unsupported(const void*, const lockstep_problem*, lockstep_message* message) {
  return end_of_call(message);
}
std::int32_t contract(const void*, const lockstep_problem*, lockstep_contract* contract, lockstep_message* message) {
  for (std::int32_t* field :
       {&contract->accumulation, &contract->variance, &contract->unbiased, &contract->flushes_subnormals,
        &contract->copies_keep_zero_sign, &contract->deterministic})
    if (answers->flag()) *field = answers->small();
  if (answers->flag()) contract->partial_sums = answers->next<std::int64_t>();
  for (double* field :
       {&contract->exp_ulp, &contract->erf_ulp, &contract->tanh_ulp, &contract->log_ulp, &contract->rsqrt_ulp,
        &contract->erf_absolute, &contract->operand_roundoff, &contract->truncation_per_term})
    if (answers->flag()) *field = answers->next<double>();
  return end_of_call(message);
}
std::int32_t prepare(const void*, const lockstep_problem*, void** plan, std::int64_t* bytes,
                     lockstep_message* message) {
  static int nothing;
  *plan = answers->flag() ? &nothing : nullptr;
  *bytes = answers->flag() ? answers->next<std::int64_t>() : answers->small();
  return end_of_call(message);
}
std::int32_t launch(const void*, void*, const lockstep_launch* launch, lockstep_message* message) {
  if (launch->workspace_bytes < 0 || launch->workspace_bytes > kWorkspaceLimit) __builtin_trap();
  if (launch->workspace_bytes > 0) std::memset(launch->workspace, 7, static_cast<std::size_t>(launch->workspace_bytes));
  return end_of_call(message);
}
void release(const void*, void*) {
  if (answers->small() == 99) throw std::runtime_error("thrown");
}

/// A list, and the memory that it points to.
class List {
 public:
  List() {
    const std::size_t count = answers->next<std::uint8_t>() % 8;
    for (std::size_t i = 0; i < count; ++i) add_kernel();
    for (const lockstep_implementation& kernel : kernels_)
      pointers_.push_back(answers->small() == 99 ? nullptr : &kernel);
    list_ = {.struct_size = answers->small() == 99 ? answers->next<std::size_t>() : sizeof(lockstep_library),
             .implementations = answers->small() == 99 ? nullptr : pointers_.data(),
             .implementation_count =
                 answers->small() == 99 ? std::max<std::size_t>(answers->next<std::size_t>(), 1 << 20) : count};
  }
  const lockstep_library& get() const { return list_; }

 private:
  const char* name(const char* usual) {
    const int which = answers->small();
    if (which == 99) return nullptr;
    return which % 2 == 0 ? usual : texts_.emplace_back(answers->text()).c_str();
  }
  void add_kernel() {
    constexpr const char* kUsualNames[]{"first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"};
    const auto lacks = [] { return answers->small() == 99; };
    kernels_.push_back({.struct_size = lacks() ? answers->next<std::size_t>() : sizeof(lockstep_implementation),
                        .operator_name = name("relu"),
                        .name = name(kUsualNames[kernels_.size()]),
                        .direction = answers->small(),
                        .device = answers->small(),
                        .self = nullptr,
                        .unsupported = lacks() ? nullptr : unsupported,
                        .contract = lacks() ? nullptr : contract,
                        .prepare = lacks() ? nullptr : prepare,
                        .launch = lacks() ? nullptr : launch,
                        .release = lacks() ? nullptr : release});
  }

  std::deque<std::string> texts_;
  std::deque<lockstep_implementation> kernels_;
  std::vector<const lockstep_implementation*> pointers_;
  lockstep_library list_{};
};

void check_promise(const PrecisionContract& promise) {
  for (const double amount : {promise.exp_ulp, promise.erf_ulp, promise.tanh_ulp, promise.log_ulp, promise.rsqrt_ulp,
                              promise.erf_absolute, promise.operand_roundoff, promise.truncation_per_term})
    if (!(amount >= 0) || !std::isfinite(amount)) __builtin_trap();
  if (promise.partial_sums < 1 || !is_floating(promise.accumulation)) __builtin_trap();
}

/// As a worker asks: each question may be answered or refused, whatever came of the one before.
void ask(const Implementation& implementation) {
  Problem problem{.operator_name = "relu", .shapes = {}, .parameters = {}};
  problem.set_shape("x", {4});
  const bool is_emulated = implementation.backend == Backend::cuda;
  const auto device = make_host_device(is_emulated ? DeviceKind::emulated : DeviceKind::cpu);
  reads_or_refuses([&] { implementation.unsupported(problem, *device); });
  reads_or_refuses([&] { check_promise(implementation.contract(problem)); });
  std::array<float, 4> x{-1, 0, 1, 2}, y{};
  const auto view = [](std::array<float, 4>& values) {
    return TensorView{.data = values.data(), .dtype = DType::f32, .shape = {4}, .strides = {1}};
  };
  reads_or_refuses([&] {
    const Launch launch = implementation.prepare(problem, {{view(x)}, {view(y)}}, *device);
    launch();
    launch();
  });
}

}  // namespace
}  // namespace lockstep

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep;
  static const testing::RectifierOperator definition;
  Bytes bytes(data, size);
  answers = &bytes;
  reads_or_refuses([&] {
    const List list;
    const KernelLibrary library("thought_up.so", list.get(), kWorkspaceLimit);
    for (const Implementation& implementation : library.implementations(definition)) ask(implementation);
  });
  return 0;
}
