// SPDX-License-Identifier: Apache-2.0
#include "reports/html/page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "reports/html/base64.hpp"
#include "reports/html/markup.hpp"
#include "reports/html/sections.hpp"
#include "reports/html/sha256.hpp"
#include "reports/report_file.hpp"
#include "reports/testing/synthetic_report.hpp"

namespace lockstep::reports {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string between(const std::string& text, const std::string& before, const std::string& after) {
  const std::size_t start = text.find(before);
  if (start == std::string::npos) return "";
  const std::size_t from = start + before.size();
  return text.substr(from, text.find(after, from) - from);
}

std::string data_of(const std::string& page) {
  return between(page, "<script type=\"application/json\" id=\"data\">", "</script>");
}

TEST(Markup, EscapesEverythingThatCouldEndAText) {
  EXPECT_EQ(escaped("<a href=\"x\">'&'</a>"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
  EXPECT_EQ(escaped(std::string("a\0b\x1b[31m", 8)), "a\uFFFDb\uFFFD[31m");
  EXPECT_EQ(escaped("µ × é"), "µ × é");
  EXPECT_EQ(escaped("\xff\xc3("), "\uFFFD\uFFFD(") << "invalid bytes do not swallow what follows them";
  EXPECT_EQ(escaped("\xc0\xbc"), "\uFFFD\uFFFD") << "an overlong < is not a <";
  EXPECT_EQ(escaped("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD") << "no surrogates";
  EXPECT_EQ(escaped("\xe2\x82"), "\uFFFD\uFFFD") << "cut off at the end";
  EXPECT_EQ(script_safe("[\"</script><!--\"]"), "[\"\\u003c/script\\u003e\\u003c!--\"]");
  EXPECT_EQ(fragment_encoded("a=b&c/d e\"<"), "a%3Db%26c%2Fd%20e%22%3C");
  EXPECT_EQ(coordinate(12.3456), "12.35");
  EXPECT_EQ(coordinate(12), "12");
  EXPECT_EQ(coordinate(-0.001), "0");
}

TEST(Page, ANightlyStaysBelowItsBudget) {
  const std::string page = render_html(synthetic_report({.cases = 3000}), nullptr);
  EXPECT_LT(page.size(), 500u * 1000);
  RecordProperty("bytes", static_cast<int>(page.size()));
  // Each part is there, so the budget is not kept by leaving things out.
  for (const char* id :
       {"verdict", "broken", "changes", "exactness", "faults", "speed", "cases", "not-run", "methods"}) {
    EXPECT_THAT(page, HasSubstr("<section id=\"" + std::string(id) + "\"")) << id;
  }
}

TEST(Page, ThousandsOfFailuresStayReadable) {
  Report report = synthetic_report({.cases = 3000});
  const std::string worst = worst_synthetic_id(report);
  const auto failing =
      std::find_if(report.cases.begin(), report.cases.end(), [&](const CaseResult& r) { return r.id == worst; });
  const Failure failure = *failing->failure;
  for (CaseResult& result : report.cases) {
    result.outcome = Outcome::failed;
    result.failure = failure;
  }
  EXPECT_LT(render_html(report, nullptr).size(), 800u * 1000);
}

TEST(Page, ThePolicyNamesExactlyThisScriptAndStyle) {
  const std::string page = render_html(synthetic_report({.cases = 50}), nullptr);
  const std::string policy = between(page, "Content-Security-Policy\" content=\"", "\"");
  EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  const std::string style = between(page, "<style>", "</style>");
  const std::string script = between(page, "<script>", "</script>");
  EXPECT_THAT(script, HasSubstr("followAddress"));
  EXPECT_THAT(policy, HasSubstr("style-src 'sha256-" + base64(sha256(style)) + "'"));
  EXPECT_THAT(policy, HasSubstr("script-src 'sha256-" + base64(sha256(script)) + "'"));
}

TEST(Page, AsksNothingOfAnyNetwork) {
  const Report baseline = synthetic_report({.cases = 900, .failing = false});
  const std::string page = render_html(synthetic_report({.cases = 900, .gpu = true}), &baseline);
  // Namespaces are names, not addresses to fetch.
  const std::string bare = std::regex_replace(page, std::regex("http://www.w3.org/[0-9]+/svg"), "");
  EXPECT_THAT(bare, Not(HasSubstr("http://")));
  EXPECT_THAT(bare, Not(HasSubstr("https://")));
  EXPECT_THAT(bare, Not(HasSubstr("url(")));
  EXPECT_THAT(bare, Not(HasSubstr("@import")));
  EXPECT_THAT(bare, Not(HasSubstr(" src=")));
}

TEST(Page, HasNoStyleAttributesAndNoInlineHandlers) {
  const Report baseline = synthetic_report({.cases = 900, .failing = false});
  const std::string page = render_html(synthetic_report({.cases = 900, .gpu = true}), &baseline);
  const std::string markup = page.substr(page.find("</style>"), page.find("<script type=") - page.find("</style>"));
  EXPECT_FALSE(std::regex_search(markup, std::regex("<[^>]* style=")));
  EXPECT_FALSE(std::regex_search(markup, std::regex("<[^>]* on[a-z]+=")));
}

TEST(Page, HostileNamesStayText) {
  const Report baseline = synthetic_report({.cases = 90, .hostile = true, .seed = 9});
  const std::string page = render_html(synthetic_report({.cases = 900, .hostile = true}), &baseline);
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, Not(HasSubstr("<script>window")));
  EXPECT_THAT(page, HasSubstr("&lt;img src=x onerror=&quot;"));
  // One data block and one script, each closed once: no name closed either.
  std::size_t closings = 0;
  for (std::size_t at = page.find("</script"); at != std::string::npos; at = page.find("</script", at + 1)) ++closings;
  EXPECT_EQ(closings, 2u);
}

TEST(Page, TheDataBlockHoldsTheIds) {
  const Report report = synthetic_report({.cases = 900});
  const Json data = Json::parse(data_of(render_html(report, nullptr)));
  const Json& id = data["cases"]["columns"]["id"];
  for (std::size_t row = 0; row < report.cases.size(); ++row) {
    std::string spelt;
    for (const Json& part : id["of"][row]) spelt += id["parts"][part.get<std::size_t>()].get<std::string>();
    ASSERT_EQ(spelt, report.cases[row].id);
  }
  // A seed beyond 2^53 must not pass through a number of JavaScript.
  EXPECT_EQ(data["cases"]["columns"]["seed"][0], std::to_string(report.cases[0].seed));
}

TEST(Page, SaysWhatIsNotThere) {
  const std::string empty = render_html(Report{}, nullptr);
  EXPECT_THAT(empty, HasSubstr("Nothing was judged"));
  EXPECT_THAT(empty, HasSubstr("Nothing was timed in this run."));
  EXPECT_THAT(empty, HasSubstr("No faults were planted"));
  const std::string good = render_html(synthetic_report({.cases = 90, .failing = false}), nullptr);
  EXPECT_THAT(good, HasSubstr("Everything agrees"));
  EXPECT_THAT(good, HasSubstr("stayed inside every gate"));
  EXPECT_THAT(good, HasSubstr("lockstep compare BEFORE.json NOW.json"));
  EXPECT_THAT(good, HasSubstr("Emulated runs are judged and never timed."));
}

TEST(Page, AFailureShowsItsNumbersItsMapAndItsRerunLine) {
  const Report report = synthetic_report({.cases = 3000});
  const std::string page = render_html(report, nullptr);
  const std::string section = between(page, "<section id=\"broken\">", "</section>");
  EXPECT_THAT(section, HasSubstr("grad_weight[0, 767]"));
  EXPECT_THAT(section, HasSubstr("<dd>1.40625</dd>"));
  EXPECT_THAT(section, HasSubstr("lockstep verify --case layer_norm.backward/cuda.tiled_columns/"));
  EXPECT_THAT(section, HasSubstr("<figure class=\"map\""));
  EXPECT_THAT(section, HasSubstr("not finite")) << "the map's NaN cell is in its legend";
}

TEST(Page, AMissedFaultStandsInTheOpen) {
  Report report = synthetic_report({.cases = 300, .failing = false});
  report.faults[3].status = FaultStatus::missed;
  report.faults[3].cases_caught = 7;
  const std::string page = render_html(report, nullptr);
  EXPECT_THAT(page, HasSubstr("1 planted fault went unseen"));
  EXPECT_THAT(page, HasSubstr("unseen in 5 of 12 cases"));
}

TEST(Page, MoreThanTheCeilingIsAnError) {
  Report report = synthetic_report({.cases = 900, .failing = false, .gpu = true});
  EXPECT_THAT(render_html(report, nullptr), Not(HasSubstr("More than 100 %")));
  for (Measurement& row : report.measurements) row.fraction_of_ceiling = 1.07;
  EXPECT_THAT(render_html(report, nullptr), HasSubstr("More than 100 %"));
}

TEST(Page, ComparesWithABaseline) {
  const Report before = synthetic_report({.cases = 900, .failing = false, .seed = 3, .pairing = "night"});
  const Report after =
      synthetic_report({.cases = 900, .failing = false, .seed = 3, .speed_factor = 1.10, .pairing = "night"});
  const std::string section = between(render_html(after, &before), "<section id=\"changes\">", "</section>");
  EXPECT_THAT(section, HasSubstr("verdict-regressed"));
  EXPECT_THAT(section, HasSubstr("class=\"forest v-regressed\""));
  EXPECT_THAT(section, HasSubstr("No outcome changed."));
}

TEST(ErrorInGates, TakesTheNearerGate) {
  EXPECT_DOUBLE_EQ(error_in_gates({.worst_bound = 0.5, .worst_rms = 2}), 0.5);
  EXPECT_DOUBLE_EQ(error_in_gates({.worst_bound = 0.5, .worst_rms = 12}), 1.5);
  EXPECT_DOUBLE_EQ(error_in_gates({.worst_bound = 0.5, .worst_rms = not_a_number}), 0.5);
}

}  // namespace
}  // namespace lockstep::reports
