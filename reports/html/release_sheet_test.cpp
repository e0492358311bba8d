// SPDX-License-Identifier: Apache-2.0
#include "reports/html/release_sheet.hpp"

#include <gtest/gtest.h>

#include "reports/html/base64.hpp"
#include "reports/html/sha256.hpp"
#include "reports/testing/page_text.hpp"
#include "reports/testing/synthetic_release.hpp"

namespace lockstep::reports {
namespace {

TEST(ReleaseSheet, VerdictComesFirstAndReasonsNext) {
  const std::string held = render_release(synthetic_release(true));
  EXPECT_TRUE(has(held, "<h1 class=\"stamp\">HOLD</h1>"));
  EXPECT_LT(held.find("id=\"verdict\""), held.find("id=\"reasons\""));
  EXPECT_LT(held.find("id=\"reasons\""), held.find("id=\"checks\""));
  EXPECT_TRUE(has(held, "41 cases like this"));
  EXPECT_TRUE(has(held, "The smallest case that still shows it"));
  EXPECT_TRUE(has(held, "A signature here overrides it"));
  EXPECT_FALSE(has(held, "id=\"speed\"")) << "nothing was timed";

  const std::string released = render_release(synthetic_release(false));
  EXPECT_TRUE(has(released, "<h1 class=\"stamp\">RELEASE</h1>"));
  EXPECT_FALSE(has(released, "id=\"reasons\""));
  for (const char* id :
       {"conditions", "checks", "accuracy", "speed", "faults", "kernels", "not-checked", "environment", "signature"})
    EXPECT_TRUE(has(released, "<section id=\"" + std::string(id) + "\"")) << id;
  EXPECT_TRUE(has(released, "needs 24 GiB of memory"));
}

TEST(ReleaseSheet, ThePolicyNamesExactlyThisScriptAndStyle) {
  const std::string page = render_release(synthetic_release(false));
  const std::string policy = between(page, "Content-Security-Policy\" content=\"", "\"");
  EXPECT_TRUE(has(policy, "default-src 'none'"));
  EXPECT_FALSE(has(policy, "unsafe"));
  EXPECT_TRUE(has(policy, "style-src 'sha256-" + base64(sha256(between(page, "<style>", "</style>"))) + "'"));
  EXPECT_TRUE(has(policy, "script-src 'sha256-" + base64(sha256(between(page, "<script>", "</script>"))) + "'"));
}

TEST(ReleaseSheet, NamesAreDataAndNothingIsFetched) {
  for (const bool held : {true, false}) {
    std::string page = render_release(synthetic_release(held, true));
    EXPECT_FALSE(has(page, "<img"));
    EXPECT_TRUE(has(page, "&lt;/script&gt;&lt;img"));
    const std::string space = "http://www.w3.org/2000/svg";
    for (std::size_t at = page.find(space); at != std::string::npos; at = page.find(space))
      page.erase(at, space.size());
    for (const char* part : {"http://", "https://", "url(", "@import", " style=\""})
      EXPECT_FALSE(has(page, part)) << part;
    EXPECT_LT(page.size(), 200u * 1000);
  }
}

}  // namespace
}  // namespace lockstep::reports
