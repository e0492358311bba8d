// SPDX-License-Identifier: Apache-2.0
#include "harness/plugin/outside_name.hpp"

#include <gtest/gtest.h>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

TEST(LibraryName, IsThatOfTheFileWithoutItsFlavour) {
  EXPECT_EQ(library_name("mine.so"), "mine");
  EXPECT_EQ(library_name("./build/libmine.so.1.2"), "mine");
  EXPECT_EQ(library_name("build/mine_emulated.so"), "mine");
  EXPECT_EQ(library_name("build/mine_checked.so"), "mine");
  EXPECT_EQ(library_name("_emulated.so"), "_emulated");
  EXPECT_EQ(library_name("my-kernels v2.so"), "my_kernels_v2");
  EXPECT_EQ(library_name("lib.so"), "lib");
  for (const char* taken : {"cuda.so", "libonednn.so", "reference_emulated.so", ".so", ""})
    EXPECT_THROW(library_name(taken), Error) << taken;
}

TEST(LibraryOf, TellsOutsideKernelsFromTheTreesOwn) {
  Implementation own;
  own.backend = Backend::cuda;
  own.idea = "warp_per_row";
  EXPECT_EQ(own.name(), "cuda.warp_per_row");
  EXPECT_EQ(library_of(own), "");
  EXPECT_EQ(owner_of(own), "cuda");
  own.idea = "mine.warp_per_row";
  EXPECT_EQ(own.name(), "mine.warp_per_row");
  EXPECT_EQ(library_of(own), "mine");
  EXPECT_EQ(owner_of(own), "mine");
  EXPECT_EQ(owner_in_name("mine.warp_per_row"), "mine");
  EXPECT_EQ(owner_in_name("mine"), "mine");
}

}  // namespace
}  // namespace lockstep
