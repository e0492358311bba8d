// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/check/source_lines.hpp"

#include <gtest/gtest.h>

namespace lockstep::simt::check {
namespace {

__attribute__((noinline)) std::uintptr_t address_of_return() {
  return reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
}

constexpr int kCallLine = __LINE__ + 2;
__attribute__((noinline)) std::uintptr_t call_from_a_known_line() {
  const std::uintptr_t code = address_of_return();
  asm volatile("");  // no call in the place of a return
  return code;
}

TEST(SourceLines, NamesTheLineOfACall) {
  const std::vector<std::string> lines = source_lines({call_from_a_known_line()});
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0], "harness/simt/check/source_lines_test.cpp:" + std::to_string(kCallLine));
}

TEST(SourceLines, PlacesAreTheirOwnAnswer) {
  const SourcePlace place{.file = "a.cu", .line = 12}, other{.file = "a.cu", .line = 13};
  EXPECT_EQ(place_code(place), place_code(place));
  EXPECT_NE(place_code(place), place_code(other));
  EXPECT_EQ(source_lines({place_code(other), place_code(place)}), (std::vector<std::string>{"a.cu:13", "a.cu:12"}));
}

TEST(SourceLines, AnAddressOfNoCodeStandsForItself) { EXPECT_EQ(source_lines({0x1234})[0], "0x1234"); }

}  // namespace
}  // namespace lockstep::simt::check
