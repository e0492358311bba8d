// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/check/findings.hpp"

#include <gtest/gtest.h>

#include "harness/simt/check/source_lines.hpp"

namespace lockstep::simt::check {
namespace {

Finding race_between(int line, int other_line) {
  Finding finding;
  finding.kind = FaultKind::race;
  finding.now = {.block = {1, 0, 0},
                 .thread = {2, 0, 0},
                 .code = place_code({.file = "now.cu", .line = line}),
                 .action = "writes 4 bytes"};
  finding.before = {.block = {0, 0, 0},
                    .thread = {3, 0, 0},
                    .code = place_code({.file = "before.cu", .line = other_line}),
                    .action = "read"};
  finding.what = "'x' + 8";
  finding.reason = "nothing orders them";
  return finding;
}

TEST(Findings, AreToldInOneLine) {
  Findings findings;
  EXPECT_TRUE(findings.empty());
  findings.add(race_between(10, 20));
  EXPECT_EQ(
      findings.text(),
      "race in block (1,0,0), thread (2,0,0) at now.cu:10: writes 4 bytes of 'x' + 8, which block (0,0,0), thread "
      "(3,0,0) read at before.cu:20; nothing orders them");
  findings.clear();
  EXPECT_TRUE(findings.empty());
}

TEST(Findings, TheSamePairOfLinesIsCounted) {
  Findings findings;
  const Finding race = race_between(10, 20);
  findings.add(race);
  for (int i = 0; i < 6; ++i) EXPECT_NE(findings.find(race.kind, race.now.code, race.before.code), nullptr);
  EXPECT_EQ(findings.find(FaultKind::out_of_bounds, race.now.code, race.before.code), nullptr);
  EXPECT_EQ(findings.find(race.kind, race.before.code, race.now.code), nullptr);
  EXPECT_NE(findings.text().find("(7 times)"), std::string::npos);
  EXPECT_EQ(findings.text().find('|'), std::string::npos);
}

TEST(Findings, AreBounded) {
  Findings findings;
  int kept = 0;
  for (int line = 1; line <= 100; ++line)
    if (findings.has_room()) {
      findings.add(race_between(line, 1));
      ++kept;
    }
  EXPECT_EQ(kept, static_cast<int>(Findings::kMostFindings));
  const std::string text = findings.text();
  EXPECT_NE(text.find("now.cu:1:"), std::string::npos);
  EXPECT_EQ(text.find("now.cu:9:"), std::string::npos);
  EXPECT_NE(text.find("and 16 other findings | and 76 more, not told apart"), std::string::npos) << text;
}

}  // namespace
}  // namespace lockstep::simt::check
