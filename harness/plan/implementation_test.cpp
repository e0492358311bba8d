// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/implementation.hpp"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(Implementation, NamesSayWhoseCodeItIs) {
  Implementation implementation;
  implementation.idea = "warp_per_row";
  const std::pair<Backend, std::string> expected[]{{Backend::reference, "reference.warp_per_row"},
                                                   {Backend::onednn, "onednn.warp_per_row"},
                                                   {Backend::cuda, "cuda.warp_per_row"},
                                                   {Backend::cudnn, "cudnn.warp_per_row"},
                                                   {Backend::cublas, "cublas.warp_per_row"}};
  for (const auto& [backend, name] : expected) {
    implementation.backend = backend;
    EXPECT_EQ(implementation.name(), name);
  }
}

TEST(Implementation, OwnKernelsAloneRunUnderTheEmulator) {
  const auto devices = [](Backend backend) {
    return std::vector<bool>{runs_on(backend, DeviceKind::cpu), runs_on(backend, DeviceKind::emulated),
                             runs_on(backend, DeviceKind::gpu)};
  };
  EXPECT_EQ(devices(Backend::reference), (std::vector<bool>{true, false, false}));
  EXPECT_EQ(devices(Backend::onednn), (std::vector<bool>{true, false, false}));
  EXPECT_EQ(devices(Backend::cuda), (std::vector<bool>{false, true, true}));
  EXPECT_EQ(devices(Backend::cudnn), (std::vector<bool>{false, false, true}));
  EXPECT_EQ(devices(Backend::cublas), (std::vector<bool>{false, false, true}));
}

}  // namespace
}  // namespace lockstep
