// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/ceilings.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "harness/data/random.hpp"
#include "harness/measure/cpu_timer.hpp"

namespace lockstep {
namespace {

/// The copy ceiling whose working set is nearest on a logarithmic scale: a problem that lives in cache is held to the
/// cache's speed.
const reports::Ceiling* copy_ceiling(const std::vector<reports::Ceiling>& ceilings, const std::string& device,
                                     double bytes) {
  const reports::Ceiling* nearest = nullptr;
  double least = INFINITY;
  for (const reports::Ceiling& ceiling : ceilings) {
    if (ceiling.name != "copy" || ceiling.device != device) continue;
    const double distance = std::abs(std::log(static_cast<double>(ceiling.working_set_bytes) / bytes));
    if (distance < least) {
      least = distance;
      nearest = &ceiling;
    }
  }
  return nearest;
}

const reports::Ceiling* arithmetic_ceiling(const std::vector<reports::Ceiling>& ceilings,
                                           const reports::Measurement& row) {
  for (const reports::Ceiling& ceiling : ceilings)
    if (ceiling.name == "matmul" && ceiling.device == row.device && ceiling.dtype == row.dtype) return &ceiling;
  return nullptr;
}

using Buffer = std::unique_ptr<unsigned char, decltype(&std::free)>;

/// `bytes` is a multiple of a page. On page boundaries: copies to where a cache line is not aligned have been seen to take
/// twenty times as long (AMD EPYC, glibc 2.36, 32 to 512 KiB), and that is no ceiling.
Buffer aligned_buffer(std::size_t bytes) {
  constexpr std::size_t kPage = 4096;
  Buffer buffer(static_cast<unsigned char*>(std::aligned_alloc(kPage, bytes)), &std::free);
  if (!buffer) throw std::bad_alloc();
  return buffer;
}

}  // namespace

std::vector<reports::Ceiling> measure_copy_ceilings() {
  std::vector<reports::Ceiling> ceilings;
  for (const std::size_t working_set : {32u << 10, 256u << 10, 2u << 20, 16u << 20, 128u << 20}) {
    const std::size_t half = working_set / 2;
    const Buffer from = aligned_buffer(half), to = aligned_buffer(half);
    RandomStream stream(working_set);
    for (std::size_t i = 0; i + 8 <= half; i += 8) {
      const std::uint64_t word = stream.next();
      std::memcpy(from.get() + i, &word, 8);
    }
    MeasurePolicy policy;
    policy.budget_seconds = 0.15;
    const Measurement m = measure_on_cpu(
        [&] {
          std::memcpy(to.get(), from.get(), half);
          asm volatile("" : : "r"(to.get()) : "memory");  // the copy is what is measured: keep it
        },
        policy);
    reports::Ceiling ceiling{.name = "copy", .device = "cpu", .dtype = {}, .unit = "bytes/s", .samples = {}};
    ceiling.working_set_bytes = static_cast<std::int64_t>(working_set);
    for (const double seconds : m.samples_seconds)
      ceiling.samples.push_back(static_cast<double>(working_set) / seconds);
    // The fastest: a ceiling that an undisturbed kernel can exceed would be none.
    ceiling.value = *std::max_element(ceiling.samples.begin(), ceiling.samples.end());
    // Dozens of samples add nothing to a ceiling's row.
    if (ceiling.samples.size() > 32) ceiling.samples.resize(32);
    ceilings.push_back(std::move(ceiling));
  }
  return ceilings;
}

void place_under_ceiling(reports::Measurement& row, const std::vector<reports::Ceiling>& ceilings) {
  double floor = 0;
  if (const auto* copy = copy_ceiling(ceilings, row.device, std::max(row.bytes, 1.0))) {
    floor = row.bytes / copy->value;
    row.ceiling = "copy";
  }
  if (const auto* matmul = arithmetic_ceiling(ceilings, row); matmul && row.flops / matmul->value > floor) {
    floor = row.flops / matmul->value;
    row.ceiling = "matmul";
  }
  if (floor <= 0 || !(row.median_seconds > 0)) return;
  row.fraction_of_ceiling = floor / row.median_seconds;
  if (row.fraction_of_ceiling > 1.0)
    row.note += std::string(row.note.empty() ? "" : "; ") +
                "faster than the ceiling measured in this run: the ceiling does not fit this case";
}

}  // namespace lockstep
