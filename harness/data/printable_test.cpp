// SPDX-License-Identifier: Apache-2.0
#include "harness/data/printable.hpp"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(Printable, ShowsWhatIsPrintableAsItIs) {
  EXPECT_EQ(in_quotes(""), "''");
  EXPECT_EQ(in_quotes("x=2x3,eps=1e_05"), "'x=2x3,eps=1e_05'");
}

TEST(Printable, StaysOnOneLineAndMovesNoCursor) {
  EXPECT_EQ(in_quotes("a\nb\t\x1b[31m\xff"), "'a\\x0ab\\x09\\x1b[31m\\xff'");
  EXPECT_EQ(in_quotes(std::string_view("\0", 1)), "'\\x00'");
  EXPECT_EQ(printable("groups=\r0"), "groups=\\x0d0");
}

TEST(Printable, CutsWhatIsLong) {
  EXPECT_EQ(in_quotes(std::string(120, 'a')), "'" + std::string(120, 'a') + "'");
  EXPECT_EQ(in_quotes(std::string(5000, 'a')), "'" + std::string(120, 'a') + "'... (5000 characters)");
}

}  // namespace
}  // namespace lockstep
