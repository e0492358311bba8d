// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/launch_shape.hpp"

#include <gtest/gtest.h>

#include <string>

#include "harness/data/error.hpp"
#include "harness/simt/port.cuh"

namespace lockstep {
namespace {

TEST(LaunchShape, LimitsOfTheDevice) {
  EXPECT_NO_THROW(check_launch_shape({1, 1024}));
  EXPECT_NO_THROW(check_launch_shape({{2147483647, 65535, 65535}, {16, 1, 64}, 232448}));
  EXPECT_THROW(check_launch_shape({1, 1025}), Error);
  EXPECT_THROW(check_launch_shape({1, {32, 33}}), Error);
  EXPECT_THROW(check_launch_shape({1, {1, 1, 65}}), Error);
  EXPECT_THROW(check_launch_shape({1, 0}), Error);
  EXPECT_THROW(check_launch_shape({0, 32}), Error);
  EXPECT_THROW(check_launch_shape({2147483648, 32}), Error);
  EXPECT_THROW(check_launch_shape({{1, 65536}, 32}), Error);
  EXPECT_THROW(check_launch_shape({{1, 1, 65536}, 32}), Error);
  EXPECT_THROW(check_launch_shape({1, 32, 232449}), Error);
}

TEST(LaunchShape, AProductThatWouldWrapInDim3IsRefused) {
  EXPECT_THROW(check_launch_shape({(std::int64_t{1} << 32) + 1, 32}), Error);
}

TEST(LaunchShape, MessagesSayWhereAndWhatIsAccepted) {
  try {
    check_launch_shape({1, 2048});
    FAIL();
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("launch_shape_test.cpp:"), std::string::npos) << message;
    EXPECT_NE(message.find("(2048,1,1)"), std::string::npos) << message;
    EXPECT_NE(message.find("(1,1,1) to (1024,1024,64)"), std::string::npos) << message;
  }
}

TEST(LaunchShape, TakesDim3AndNumbers) {
  const LaunchShape shape{dim3(2, 3), 64, 128};
  EXPECT_EQ(shape.grid.product(), 6);
  EXPECT_EQ(shape.block.x, 64);
  EXPECT_EQ(shape.block.z, 1);
  EXPECT_EQ(shape.dynamic_shared_bytes, 128u);
}

}  // namespace
}  // namespace lockstep
