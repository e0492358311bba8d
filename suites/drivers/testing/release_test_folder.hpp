// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "reports/release_file.hpp"
#include "reports/schema_check.hpp"
#include "suites/replay/testing/case_folder.hpp"

namespace lockstep::testing {

/// A test of `lockstep release`, with a folder of its own for what the command writes.
class ReleaseTest : public ::testing::Test {
 protected:
  std::string out() const { return (folder_.path() / "out").string(); }

  /// The release file, held against the schema.
  reports::Release sheet() const {
    const std::string path = out() + "/release.json";
    EXPECT_THAT(reports::schema_violations(reports::Json::parse(reports::release_schema_text()),
                                           reports::Json::parse(text_of_file(path))),
                ::testing::IsEmpty());
    EXPECT_TRUE(std::filesystem::exists(out() + "/release.html"));
    EXPECT_TRUE(std::filesystem::exists(out() + "/report.json"));
    return reports::read_release(path);
  }
  static const reports::ReleaseCheck& check(const reports::Release& release, const std::string& name) {
    return *std::find_if(release.checks.begin(), release.checks.end(),
                         [&](const auto& one) { return one.name == name; });
  }

  TemporaryFolder folder_;
};

}  // namespace lockstep::testing
