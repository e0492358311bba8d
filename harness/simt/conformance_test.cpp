// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/conformance.hpp"

#include <gtest/gtest.h>

#include "harness/simt/conformance.cu"
#include "harness/simt/settings.hpp"

namespace lockstep {
namespace {

void expect_equal(const std::vector<ConformanceResult>& results, const std::vector<ConformanceResult>& expected) {
  ASSERT_EQ(results.size(), expected.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    ASSERT_EQ(results[i].values.size(), expected[i].values.size());
    for (std::size_t j = 0; j < results[i].values.size(); ++j)
      EXPECT_EQ(results[i].values[j], expected[i].values[j])
          << results[i].name << ": value " << j / 64 << " of thread " << j % 64;
  }
}

TEST(Conformance, TheEmulatorGivesTheSameInEveryOrder) {
  const std::vector<ConformanceResult> forward = emulated::run_conformance();
  for (const simt::Settings& settings : simt::every_order()) {
    SCOPED_TRACE(simt::text(settings));
    const simt::SettingsScope scope(settings);
    expect_equal(emulated::run_conformance(), forward);
  }
  // Some values known by themselves: __shfl_sync from lane 5, the product of the first row and column of small
  // integers.
  EXPECT_EQ(forward[0].values[33], (32 + 5) * 0.5);
  double sum = 1;
  for (int k = 0; k < 16; ++k) sum += (k * 5 % 13 - 6) * (k * 3 % 11 - 5);
  EXPECT_EQ(forward[4].values[8 * 64], sum);
}

TEST(Conformance, ADeviceGivesTheSameAsTheEmulator) {
#ifdef LOCKSTEP_WITH_CUDA
  if (!gpu::has_device()) GTEST_SKIP() << "this machine has no CUDA device";
  expect_equal(gpu::run_conformance(), emulated::run_conformance());
#else
  GTEST_SKIP() << "built without CUDA";
#endif
}

}  // namespace
}  // namespace lockstep
