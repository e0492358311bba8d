// SPDX-License-Identifier: Apache-2.0
// `lockstep release` over kernels of libraries; see harness/plugin/testing/outside_behaviour.cpp for what each does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "suites/drivers/testing/program.hpp"
#include "suites/drivers/testing/release_test_folder.hpp"

namespace lockstep {
namespace {

using lockstep::testing::Ended;
using reports::CheckStatus;
using reports::HoldReason;
using ::testing::HasSubstr;
using ::testing::Not;

std::string path_of(const std::string& behaviour) {
  return std::string(LOCKSTEP_OUTSIDE_FOLDER) + "/outside_" + behaviour + ".so";
}

class ReleaseOfALibrary : public testing::ReleaseTest {
 protected:
  // Where commands stand they may write: a failing verify dumps there.
  ReleaseOfALibrary() { std::filesystem::current_path(folder_.path()); }
  ~ReleaseOfALibrary() override { std::filesystem::current_path(stood_); }

  Ended call(const std::vector<std::string>& arguments) const {
    return testing::run_program(LOCKSTEP_PROGRAM, arguments);
  }
  Ended release(const std::string& candidate, const std::string& library,
                const std::vector<std::string>& more = {"--no-timing"}) const {
    std::vector<std::string> all{
        "release", "relu",           "--candidate", candidate,           "--baseline", "reference.plain_float",
        "--load",  path_of(library), "--problem",   "x=64x64,dtype=f32", "--out",      out()};
    all.insert(all.end(), more.begin(), more.end());
    return call(all);
  }
  /// The first reason of a check; empty where there is none.
  HoldReason reason(const std::string& check) const {
    for (const HoldReason& one : sheet().reasons)
      if (one.check == check) return one;
    return {};
  }
  /// A command line of the sheet, without the program's name.
  Ended again(const std::string& rerun) const {
    std::istringstream words(rerun);
    std::vector<std::string> arguments;
    for (std::string word; words >> word;) arguments.push_back(word);
    EXPECT_EQ(arguments.at(0), "lockstep");
    arguments.erase(arguments.begin());
    return call(arguments);
  }
  const std::filesystem::path stood_ = std::filesystem::current_path();
};

TEST_F(ReleaseOfALibrary, ReleasesWhatIsRight) {
  const Ended ended = release("outside_works.fills_workspace", "works", {"--rounds", "6", "--allow-slower", "1000000"});
  EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
  const reports::Release release = sheet();
  for (const char* name : {"problems", "repeated_launches", "scratch_memory", "least_scratch", "no_scratch"})
    EXPECT_EQ(check(release, name).status, CheckStatus::passed) << name;
  EXPECT_THAT(check(release, "scratch_memory").detail, HasSubstr("up to 20")) << "what it asks for, without guards";
  EXPECT_EQ(check(release, "check_mode").detail, "no outside_works_checked.so lies beside outside_works.so");
  ASSERT_EQ(release.speed.size(), 1u) << "both run on the CPU";
  EXPECT_EQ(release.speed[0].candidate_seconds.size(), 6u);
}

TEST_F(ReleaseOfALibrary, HoldsAnOverrunWithLinesThatShowIt) {
  const Ended ended =
      release("outside_works.overruns_workspace", "works", {"--no-timing", "--workspace-limit", "100000"});
  EXPECT_EQ(ended.status, 1) << ended.out << ended.err;
  const HoldReason judged = reason("problems"), stressed = reason("scratch_memory");
  EXPECT_THAT(judged.message, HasSubstr("workspace: 1 bytes written behind"));
  EXPECT_THAT(stressed.message, HasSubstr("written behind the end of"));
  for (const HoldReason& one : {judged, stressed}) {
    EXPECT_THAT(one.smallest, HasSubstr("relu.forward/outside_works.overruns_workspace/x=scalar,"));
    for (const std::string& rerun : {one.rerun, one.smallest_rerun}) {
      EXPECT_THAT(rerun, HasSubstr("--load " + path_of("works") + " --workspace-limit 100000"));
      EXPECT_EQ(again(rerun).status, 1) << rerun;
    }
  }
}

TEST_F(ReleaseOfALibrary, HoldsWhatCrashes) {
  EXPECT_EQ(release("outside_works.crashes", "works").status, 1);
  const HoldReason crash = reason("problems");
  EXPECT_THAT(crash.message, HasSubstr("crashed: "));
  EXPECT_THAT(crash.smallest, HasSubstr("relu.forward/outside_works.crashes/x=scalar,"));
}

TEST_F(ReleaseOfALibrary, HoldsWhatCannotBeLoaded) {
  const Ended ended = release("outside_crashes_loading.works", "crashes_loading");
  EXPECT_EQ(ended.status, 1) << ended.out << ended.err;
  EXPECT_THAT(reason("complete").message, HasSubstr("its library cannot be judged: crashed: "));
  EXPECT_TRUE(std::filesystem::exists(out() + "/release.html"));
  const Ended baseline = call({"release", "relu", "--candidate", "reference.plain_float", "--baseline",
                               "outside_crashes_loading.works", "--load", path_of("crashes_loading"), "--out", out()});
  EXPECT_EQ(baseline.status, 2);
  EXPECT_THAT(baseline.err, HasSubstr("--baseline outside_crashes_loading.works: its library cannot be judged"));
}

}  // namespace
}  // namespace lockstep
