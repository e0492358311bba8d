// SPDX-License-Identifier: Apache-2.0
// `lockstep fuzz` over implementations that misbehave: see testing/misbehaving_main.cpp for what each of them does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/report_file.hpp"
#include "reports/testing/page_text.hpp"
#include "suites/drivers/testing/program.hpp"
#include "suites/replay/testing/case_folder.hpp"

namespace lockstep {
namespace {

using lockstep::testing::Ended;
using lockstep::testing::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::Not;

class FuzzCommand : public ::testing::Test {
 protected:
  std::string out() const { return (folder_.path() / "out").string(); }
  Ended fuzz(const std::string& implementation, std::vector<std::string> more,
             const char* program = LOCKSTEP_MISBEHAVING_PROGRAM, const std::string& name = "gelu") const {
    std::vector<std::string> arguments{
        "fuzz", name, "--implementation", implementation, "--minutes", "5", "--seed", "1", "--out", out()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return testing::run_program(program, arguments);
  }
  std::vector<std::string> smallest() const {
    std::vector<std::string> ids;
    for (const reports::CaseResult& row : reports::read_report(out() + "/report.json").cases)
      if (row.smallest) ids.push_back(row.smallest->id);
    return ids;
  }
  TemporaryFolder folder_;
};

TEST_F(FuzzCommand, FindsATileEdgeAndShrinksIt) {
  const Ended ended = fuzz("reference.edges", {"--cases", "400"});
  EXPECT_EQ(ended.status, 1) << ended.out << ended.err;
  const std::vector<std::string> ids = smallest();
  ASSERT_FALSE(ids.empty());
  EXPECT_THAT(ids[0], HasSubstr("gelu.forward/reference.edges/x=33,data=x.zero,dtype="));
  EXPECT_THAT(ended.out, HasSubstr(ids[0]));
}

TEST_F(FuzzCommand, FindsCrashesOnNothing) {
  const Ended ended = fuzz("reference.empties", {"--cases", "200"});
  EXPECT_EQ(ended.status, 1) << ended.out << ended.err;
  const std::vector<std::string> ids = smallest();
  ASSERT_FALSE(ids.empty());
  EXPECT_THAT(ids[0], HasSubstr("gelu.forward/reference.empties/x=0,"));
}

TEST_F(FuzzCommand, ANumberGivesTheSameProblemAgain) {
  const Ended all = fuzz("reference.wrong", {"--cases", "12", "--shrink-seconds", "0"});
  EXPECT_EQ(all.status, 1);
  const std::size_t found = all.out.find("found: number ");
  ASSERT_NE(found, std::string::npos) << all.out;
  const std::string line = all.out.substr(found, all.out.find('\n', found) - found);
  const std::string number = line.substr(14, line.find(',') - 14);
  const Ended again = fuzz("reference.wrong", {"--first", number, "--cases", "1", "--shrink-seconds", "0"});
  EXPECT_THAT(again.out, HasSubstr(line));
}

TEST_F(FuzzCommand, CountsWhatIsTakenAndWhatIsRefused) {
  const Ended ended = fuzz("reference.works", {"--cases", "150"});
  EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("150 problems drawn with seed 1: "));
  EXPECT_THAT(ended.out, HasSubstr("approximate argument must be either none or tanh."));
  const reports::Fuzzing drawn = reports::read_report(out() + "/report.json").fuzzing;
  EXPECT_EQ(drawn.problems(), 150);
  EXPECT_GT(drawn.by_contract("accepted"), 80);
  EXPECT_GT(drawn.by_contract("refused"), 5);
  EXPECT_EQ(drawn.by_contract("accepted") + drawn.by_contract("refused"), 150);
  EXPECT_TRUE(reports::has(testing::text_of_file(out() + "/report.html"), "<b>0 findings</b>"));
}

TEST_F(FuzzCommand, ReportsWhoComputesWhatTheContractRefuses) {
  const Ended ended = fuzz("reference.heedless", {"--cases", "150", "--shrink-seconds", "0"});
  EXPECT_EQ(ended.status, 1) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("computed what the contract refuses: approximate argument must be"));
}

TEST_F(FuzzCommand, FindsNothingInWhatIsRight) {
  const Ended ended = fuzz("reference.plain_float", {"--cases", "120"}, LOCKSTEP_PROGRAM, "*");
  EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("; 0 findings"));
}

/// A kernel of a library; see harness/plugin/testing/outside_behaviour.cpp for what each does.
TEST_F(FuzzCommand, JudgesKernelsOfLibraries) {
  const auto outside = [&](const std::string& kernel, const std::string& behaviour) {
    return fuzz("outside_" + behaviour + "." + kernel,
                {"--cases", "40", "--load", std::string(LOCKSTEP_OUTSIDE_FOLDER) + "/outside_" + behaviour + ".so"},
                LOCKSTEP_PROGRAM, "relu");
  };
  const Ended works = outside("works", "works");
  EXPECT_EQ(works.status, 0) << works.out << works.err;
  EXPECT_THAT(works.out, HasSubstr("; 0 findings"));

  const Ended overruns = outside("overruns_workspace", "works");
  EXPECT_EQ(overruns.status, 1) << overruns.out << overruns.err;
  EXPECT_THAT(overruns.out, HasSubstr("workspace: 1 bytes written behind"));
  ASSERT_FALSE(smallest().empty());
  EXPECT_THAT(smallest()[0], HasSubstr("relu.forward/outside_works.overruns_workspace/x=scalar,"));

  const Ended absent = outside("works", "crashes_loading");
  EXPECT_EQ(absent.status, 1) << absent.out << absent.err;
  EXPECT_THAT(absent.out, HasSubstr("outside_crashes_loading.so\n  crashed: "));
  EXPECT_THAT(absent.out, HasSubstr("; 1 findings"));
}

TEST_F(FuzzCommand, SaysWhatIsAccepted) {
  EXPECT_EQ(fuzz("*", {}, LOCKSTEP_MISBEHAVING_PROGRAM, "nosuch").status, 2);
  for (const char* minutes : {"0", "-1", "nan", "long"}) EXPECT_EQ(fuzz("*", {"--minutes", minutes}).status, 2);
}

}  // namespace
}  // namespace lockstep
