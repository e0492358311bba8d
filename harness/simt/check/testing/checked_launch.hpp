// SPDX-License-Identifier: Apache-2.0
// For tests of the check mode: tensors that it knows, and launches whose findings are returned. Included after GoogleTest.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "harness/simt/global_memory.hpp"
#include "harness/simt/kernel_fault.hpp"
#include "harness/simt/port.cuh"
#include "harness/simt/settings.hpp"

namespace lockstep::emulated {

using simt::FaultKind;

/// A tensor of global memory called `name`; zeros, or unwritten.
template <class Element>
class GlobalTensor {
 public:
  explicit GlobalTensor(const char* name, std::size_t count, bool is_written = true)
      : count_(count), elements_(static_cast<Element*>(simt::allocate_global(count * sizeof(Element)))) {
    simt::describe_global(elements_, count * sizeof(Element), name);
    for (std::size_t i = 0; i < count; ++i) elements_[i] = Element{};
    simt::mark_global(elements_, count * sizeof(Element),
                      is_written ? simt::GlobalContent::written : simt::GlobalContent::unwritten);
  }
  ~GlobalTensor() { simt::release_global(elements_); }
  GlobalTensor(const GlobalTensor&) = delete;
  GlobalTensor& operator=(const GlobalTensor&) = delete;
  Element* data() const { return elements_; }
  std::size_t size() const { return count_; }

 private:
  std::size_t count_;
  Element* elements_;
};

/// The orders that a correct kernel has to pass, with preemption in the random ones once more.
inline std::vector<simt::Settings> every_schedule() {
  std::vector<simt::Settings> schedules = simt::every_order();
  for (std::uint64_t seed = 1; seed <= 3; ++seed)
    schedules.push_back({.order = simt::Order::random, .seed = seed, .os_threads = 1, .preemption = 0.1});
  return schedules;
}

struct Outcome {
  std::string message;  // empty: nothing was reported
  FaultKind kind = simt::FaultKind::trap;
};

template <class... Parameters, class... Arguments>
Outcome outcome_of(const simt::Settings& settings, void (*kernel)(Parameters...), const LaunchShape& shape,
                   const Arguments&... arguments) {
  const simt::SettingsScope scope(settings);
  try {
    launch(kernel, shape, nullptr, arguments...);
  } catch (const simt::KernelFault& fault) {
    EXPECT_EQ(std::string(fault.what()).find('\n'), std::string::npos) << fault.what();
    return {fault.what(), fault.kind()};
  }
  return {};
}

template <class... Parameters, class... Arguments>
void expect_silent(void (*kernel)(Parameters...), const LaunchShape& shape, const Arguments&... arguments) {
  for (const simt::Settings& settings : every_schedule()) {
    SCOPED_TRACE(simt::text(settings));
    EXPECT_EQ(outcome_of(settings, kernel, shape, arguments...).message, "");
  }
}

/// Expects this kind of finding in forward order, where luck is on the kernel's side, and in every other; returns the
/// message of the forward order.
template <class... Parameters, class... Arguments>
std::string expect_found(FaultKind kind, void (*kernel)(Parameters...), const LaunchShape& shape,
                         const Arguments&... arguments) {
  std::string first;
  for (const simt::Settings& settings : every_schedule()) {
    SCOPED_TRACE(simt::text(settings));
    const Outcome outcome = outcome_of(settings, kernel, shape, arguments...);
    EXPECT_NE(outcome.message.find(simt::name(kind)), std::string::npos) << "got: " << outcome.message;
    if (first.empty()) first = outcome.message;
  }
  return first;
}

/// How a report names that line of the test which asks.
inline std::string at_line(int line, const std::string& file = __builtin_FILE()) {
  return file.substr(file.rfind("harness/simt/check/")) + ":" + std::to_string(line);
}

}  // namespace lockstep::emulated

#define EXPECT_CONTAINS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)
#define EXPECT_LACKS(text, part) EXPECT_EQ((text).find(part), std::string::npos) << (text)
