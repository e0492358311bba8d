// SPDX-License-Identifier: Apache-2.0
#include "suites/replay/case_search.hpp"

#include <gmock/gmock.h>

#include "suites/replay/testing/case_folder.hpp"

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace lockstep::testing;

class CaseSearch : public ::testing::Test {
 protected:
  void add_case(const std::string& below, const char* file = "case.json") { write_text(root() / below / file, "{}"); }
  std::vector<std::string> places(const std::vector<std::string>& folders) {
    std::vector<std::string> places;
    for (const FoundCase& found : find_cases(folders)) places.push_back(found.place.string());
    return places;
  }
  const std::filesystem::path& root() const { return root_.path(); }

 private:
  TemporaryFolder root_;
};

TEST_F(CaseSearch, FindsCasesInOrderAndNoneBelowACase) {
  add_case("b");
  add_case("a/2");
  add_case("a/10");
  add_case("a/2/inner");
  add_case("modes/sgd", "mode.json");
  EXPECT_THAT(places({root().string()}), ElementsAre("a/10", "a/2", "b", "modes/sgd"));
  const std::vector<FoundCase> found = find_cases({root().string()});
  EXPECT_FALSE(found[0].is_training);
  EXPECT_TRUE(found[3].is_training);
}

TEST_F(CaseSearch, NamesACaseGivenDirectlyByItsFolder) {
  add_case("one");
  EXPECT_THAT(places({(root() / "one").string()}), ElementsAre("one"));
  EXPECT_THAT(places({(root() / "one/").string()}), ElementsAre("one"));
  EXPECT_THAT(places({(root() / "one" / "." / "..").string() + "/one/."}), ElementsAre("one"));
}

TEST_F(CaseSearch, FollowsLinksButNotInCircles) {
  add_case("a/one");
  std::filesystem::create_directory_symlink(root(), root() / "a" / "up");
  std::filesystem::create_directory_symlink(root() / "a" / "one", root() / "linked");
  std::filesystem::create_directory_symlink(root() / "nowhere", root() / "broken");
  EXPECT_THAT(places({root().string()}), ElementsAre("a/one", "linked"));
}

TEST_F(CaseSearch, RefusesFoldersWithoutCases) {
  EXPECT_THAT(error_of([&] { places({root().string()}); }), HasSubstr("holds no case"));
  EXPECT_THAT(error_of([&] { places({(root() / "missing").string()}); }), HasSubstr("there is no such folder"));
  write_text(root() / "file", "");
  EXPECT_THAT(error_of([&] { places({(root() / "file").string()}); }), HasSubstr("there is no such folder"));
}

TEST_F(CaseSearch, RefusesTwoCasesWithOnePlace) {
  add_case("x/one");
  add_case("y/one");
  EXPECT_THAT(error_of([&] {
                places({(root() / "x").string(), (root() / "y").string()});
              }),
              HasSubstr("would both write to one"));
  EXPECT_THAT(error_of([&] {
                places({(root() / "x").string(), (root() / "x" / "one").string()});
              }),
              HasSubstr("would both write to one"));
}

}  // namespace
}  // namespace lockstep
