// SPDX-License-Identifier: Apache-2.0
// The commands beside `run`: what they print, the flags that they pass on, their exit statuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "reports/report_file.hpp"
#include "suites/drivers/testing/program.hpp"
#include "suites/replay/testing/case_folder.hpp"

namespace lockstep {
namespace {

using lockstep::testing::Ended;
using lockstep::testing::TemporaryFolder;
using reports::Json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Commands : public ::testing::Test {
 protected:
  // Where commands stand they may write: a failing verify dumps there.
  Commands() { std::filesystem::current_path(folder_.path()); }
  ~Commands() override { std::filesystem::current_path(stood_); }

  Ended run(const std::vector<std::string>& arguments) const {
    return testing::run_program(LOCKSTEP_MISBEHAVING_PROGRAM, arguments);
  }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  Json json(const std::string& name) const { return Json::parse(testing::text_of_file(path(name))); }

  const std::filesystem::path stood_ = std::filesystem::current_path();
  TemporaryFolder folder_;
};

TEST_F(Commands, EachHasItsHelp) {
  EXPECT_THAT(run({"--help"}).out, AllOf(HasSubstr("Exit status"), HasSubstr("replay"), Not(HasSubstr("worker"))));
  EXPECT_EQ(run({"--help"}).status, 0);
  EXPECT_THAT(run({"--version"}).out, HasSubstr("lockstep 0."));
  EXPECT_EQ(run({}).status, 2);
  for (const char* command : {"list", "doctor", "run", "verify", "bench", "report", "compare", "replay"}) {
    const Ended ended = run({command, "--help"});
    EXPECT_EQ(ended.status, 0) << command;
    EXPECT_THAT(ended.out, HasSubstr("--help")) << command;
    EXPECT_EQ(ended.err, "") << command;
  }
}

TEST_F(Commands, ListAndDoctor) {
  EXPECT_THAT(run({"list"}).out, AllOf(HasSubstr("gelu"), HasSubstr("forward/reference.hangs")));
  const Ended cases = run({"list", "--cases", "--suite", "nightly", "--filter", "*/reference.works/x=1?x8*"});
  EXPECT_EQ(cases.status, 0);
  EXPECT_THAT(cases.out, AllOf(HasSubstr("gelu.forward/reference.works/x=10x8,dtype=f32\n"), Not(HasSubstr("x=1x8"))));
  const Ended doctor = testing::run_program(LOCKSTEP_PROGRAM, {"doctor"});
  EXPECT_EQ(doctor.status, 0);
  EXPECT_THAT(doctor.out, AllOf(HasSubstr("machine"), HasSubstr("cuda"), HasSubstr("operators")));
}

TEST_F(Commands, VerifyAlwaysDumpsWhatFailed) {
  const std::string wrong = "gelu.forward/reference.wrong/x=3x5,dtype=f32",
                    aborts = "gelu.forward/reference.aborts/x=3x5,dtype=f32";
  const std::string here = path("here");
  std::filesystem::create_directories(here);
  const auto verify_here = [&](const std::string& more) {
    return testing::run_program("/bin/sh",
                                {"-c", "cd '" + here + "' && exec '" LOCKSTEP_MISBEHAVING_PROGRAM "' verify " + more});
  };
  const Ended failed = verify_here("--case " + wrong + " --case " + aborts);
  EXPECT_EQ(failed.status, 1);
  std::vector<std::string> places;
  for (std::size_t at = 0; (at = failed.out.find("dumped: ", at)) != std::string::npos;) {
    at += 8;
    places.push_back(failed.out.substr(at, failed.out.find(" (", at) - at));
    EXPECT_TRUE(std::filesystem::exists(here + "/" + places.back() + "/case.json")) << places.back();
  }
  EXPECT_EQ(places.size(), 2u) << failed.out;
  EXPECT_THAT(failed.out, HasSubstr("(" + aborts + ")"));
  EXPECT_THAT(run({"verify", "--help"}).out, HasSubstr(places[0].substr(0, places[0].rfind('/'))));

  const Ended named = verify_here("--case " + wrong + " --out there");
  EXPECT_THAT(named.out, HasSubstr("dumped: there/failures/"));
  EXPECT_THAT(verify_here("--filter '*works*'").out, Not(HasSubstr("dumped")));
}

TEST_F(Commands, VerifyJudgesWhatIsNotListed) {
  const std::string id = "gelu.forward/reference.works/x=3x5,approximate=tanh,dtype=bf16";
  const Ended passed = run({"verify", "--case", id, "--seed", "5", "--out", path("out")});
  EXPECT_EQ(passed.status, 0) << passed.out << passed.err;
  EXPECT_THAT(passed.out, HasSubstr("seed 5"));
  const reports::Report report = reports::read_report(path("out/report.json"));
  ASSERT_EQ(report.cases.size(), 1u);
  EXPECT_EQ(report.cases[0].id, id);
  EXPECT_EQ(report.cases[0].seed, 5u);
  EXPECT_EQ(report.cases[0].outcome, reports::Outcome::passed);

  const std::string wrong = "gelu.forward/reference.wrong/x=3x5,dtype=f32";
  const Ended failed = run({"verify", "--case", wrong});
  EXPECT_EQ(failed.status, 1);
  EXPECT_THAT(failed.out, AllOf(HasSubstr("worst element y[0, 0]"), HasSubstr("verify --case " + wrong + " --seed 1")));
  const Ended crashed = run({"verify", "--case", "gelu.forward/reference.aborts/x=3x5,dtype=f32"});
  EXPECT_EQ(crashed.status, 1);
  EXPECT_THAT(crashed.out, HasSubstr("killed by signal 6"));
  EXPECT_EQ(run({"verify", "--case", "gelu.forward/reference.absent/x=3x5,dtype=f32"}).status, 3);
  // PyTorch refuses the call: nothing failed, and nothing ran.
  const Ended refused = run({"verify", "--case", "gelu.forward/reference.works/x=3,approximate=cubic,dtype=f32"});
  EXPECT_EQ(refused.status, 3);
  EXPECT_THAT(refused.out, HasSubstr("approximate argument must be either none or tanh"));
}

TEST_F(Commands, VerifyExpectsCases) {
  EXPECT_EQ(run({"verify", "--filter", "*works*", "--expect-cases", "4"}).status, 0);
  const Ended fewer = run({"verify", "--filter", "*works*", "--expect-cases", "5"});
  EXPECT_EQ(fewer.status, 1);
  EXPECT_THAT(fewer.err, HasSubstr("4 cases ran, --expect-cases asks for 5"));
}

TEST_F(Commands, VerifyPassesOnGoogleTestsFlags) {
  const Ended listed = run({"verify", "--gtest_list_tests", "--gtest_filter=*works*"});
  EXPECT_EQ(listed.status, 0);
  EXPECT_THAT(listed.out,
              AllOf(HasSubstr("gelu."), HasSubstr("forward/reference.works/x=1x8,dtype=f32"), Not(HasSubstr("hangs"))));
  const Ended json =
      run({"verify", "--gtest_filter=*works*:*absent/x=1x8*", "--gtest_output=json:" + path("tests.json")});
  EXPECT_EQ(json.status, 0) << json.out;
  EXPECT_EQ(this->json("tests.json")["tests"], 5);
  EXPECT_EQ(this->json("tests.json")["failures"], 0);
  const Ended xml = run({"verify", "--gtest_filter=*wrong/x=1x8*", "--gtest_output=xml:" + path("tests.xml")});
  EXPECT_EQ(xml.status, 1);
  EXPECT_THAT(testing::text_of_file(path("tests.xml")), AllOf(HasSubstr("failures=\"1\""), HasSubstr("rerun:")));
}

TEST_F(Commands, BenchWritesAFileOfGoogleBenchmark) {
  const Ended listed = run({"bench", "--all", "--filter", "*works*", "--benchmark_list_tests"});
  EXPECT_EQ(listed.status, 0) << listed.err;
  EXPECT_THAT(listed.out, HasSubstr("gelu.forward/reference.works/x=1x8,dtype=f32"));
  const Ended ended = run({"bench", "--filter", "*works*", "--budget", "0.05", "--benchmark_repetitions=2",
                           "--benchmark_out=" + path("bench.json"), "--benchmark_out_format=json"});
  EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
  const Json file = json("bench.json");
  EXPECT_TRUE(file.contains("context"));
  int repetitions = 0;
  for (const Json& row : file["benchmarks"]) {
    EXPECT_THAT(row["name"].get<std::string>(), HasSubstr("gelu.forward/reference.works/x=64x64,dtype=f32"));
    if (row["run_type"] == "iteration") ++repetitions;
    EXPECT_GT(row["real_time"].get<double>(), 0);
  }
  EXPECT_EQ(repetitions, 2);
  // No number without a pass.
  const Ended wrong = run({"bench", "--filter", "*wrong/x=64x64*", "--budget", "0.05", "--out", path("out")});
  EXPECT_EQ(wrong.status, 1);
  EXPECT_THAT(wrong.out, HasSubstr("ERROR OCCURRED"));
  EXPECT_TRUE(reports::read_report(path("out/report.json")).measurements.empty());
}

TEST_F(Commands, ReportAndCompare) {
  ASSERT_EQ(run({"run", "--filter", "*works*", "--rounds", "2", "--no-faults", "--out", path("a")}).status, 0);
  std::filesystem::remove(path("a/report.html"));
  EXPECT_EQ(run({"report", path("a")}).status, 0);
  EXPECT_THAT(testing::text_of_file(path("a/report.html")), HasSubstr("gelu.forward"));
  EXPECT_EQ(run({"report", path("a/report.json"), "--baseline", path("a"), "--out", path("page.html")}).status, 0);
  EXPECT_TRUE(std::filesystem::exists(path("page.html")));

  const Ended same = run({"compare", path("a"), path("a")});
  EXPECT_EQ(same.status, 0) << same.out;
  EXPECT_THAT(same.out, AllOf(::testing::ContainsRegex("unchanged|inconclusive"), Not(HasSubstr("regressed 1"))));

  reports::Report worse = reports::read_report(path("a/report.json"));
  worse.cases[0].outcome = reports::Outcome::crashed;
  worse.cases[0].reason = "killed by signal 11";
  reports::write_report(path("worse.json"), worse);
  const Ended broke = run({"compare", path("a"), path("worse.json")});
  EXPECT_EQ(broke.status, 1);
  EXPECT_THAT(broke.out, AllOf(HasSubstr(worse.cases[0].id), HasSubstr("killed by signal 11")));
  EXPECT_EQ(run({"compare", path("worse.json"), path("a")}).status, 0);
}

}  // namespace
}  // namespace lockstep
