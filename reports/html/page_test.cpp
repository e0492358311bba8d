// SPDX-License-Identifier: Apache-2.0
#include "reports/html/page.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "reports/enum_names.hpp"
#include "reports/html/base64.hpp"
#include "reports/html/markup.hpp"
#include "reports/html/sections.hpp"
#include "reports/html/sha256.hpp"
#include "reports/report_file.hpp"
#include "reports/testing/page_text.hpp"
#include "reports/testing/synthetic_report.hpp"

namespace lockstep::reports {
namespace {

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
  EXPECT_EQ(escaped("\u202eexe.\u2066\u2030"), "\uFFFDexe.\uFFFD\u2030") << "no turned direction, but per mille";
  EXPECT_EQ(script_safe("[\"</script><!--\"]"), "[\"\\u003c/script\\u003e\\u003c!--\"]");
  EXPECT_EQ(fragment_encoded("a=b&c/d e\"<"), "a%3Db%26c%2Fd%20e%22%3C");
  EXPECT_EQ(coordinate(12.3456), "12.35");
  EXPECT_EQ(coordinate(12), "12");
  EXPECT_EQ(coordinate(-0.001), "0");
}

TEST(Page, ANightlyStaysBelowItsBudget) {
  const Report report = synthetic_report({.cases = 20000});
  const std::string page = render_html(report, nullptr);
  EXPECT_LT(page.size(), 500u * 1000);
  EXPECT_GT(page.size(), 440u * 1000) << "rows were left out for which there was room";
  RecordProperty("bytes", static_cast<int>(page.size()));
  // Each part is there, so the budget is not kept by leaving things out.
  for (const char* id : {"verdict", "broken", "changes", "exactness", "faults", "speed", "parallel", "sync-batch-norm",
                         "cases", "not-run", "methods"}) {
    EXPECT_TRUE(has(page, "<section id=\"" + std::string(id) + "\"")) << id;
  }
}

TEST(Page, SaysHowMuchRoomThePassingCasesLeft) {
  Report report = synthetic_report({.cases = 3, .failing = false});
  ASSERT_EQ(report.cases.size(), 3u);
  for (CaseResult& result : report.cases) {
    result.outcome = Outcome::passed;
    result.margins = Margins{.worst_bound = 1, .worst_rms = std::nan("")};
  }
  EXPECT_TRUE(has(render_html(report, nullptr), "Every element that was judged is the correctly rounded truth."));
  report.cases[1].margins = Margins{.worst_bound = 0.5, .worst_rms = 6.18, .mismatches_to_correct_rounding = 4};
  const std::string lead = between(render_html(report, nullptr), "<p class=\"sub\">", "</p>");
  EXPECT_TRUE(has(lead, "2 of 3 passing cases are the correctly rounded truth")) << lead;
  EXPECT_TRUE(has(lead, "no error exceeds <b>6.2</b> of the 8 root-mean-square errors")) << lead;
}

TEST(Page, TellsWhatWasDrawnWhereAnythingWas) {
  Report report = synthetic_report({.cases = 20, .failing = false});
  EXPECT_FALSE(has(render_html(report, nullptr), "#fuzzing"));
  report.fuzzing = synthetic_fuzzing();
  const std::string page = render_html(report, nullptr);
  EXPECT_TRUE(has(page, "<a href=\"#fuzzing\">Drawn</a>"));
  const std::string section = between(page, "<section id=\"fuzzing\">", "</section>");
  EXPECT_TRUE(has(section, "100 problems drawn"));
  EXPECT_TRUE(has(section, "takes <b>84</b>"));
  EXPECT_TRUE(has(section, "refuses <b>12</b> and <b>4</b> are malformed"));
  EXPECT_TRUE(has(section, "<b class=\"no\">2 findings</b>"));
  EXPECT_TRUE(has(section, "80 accepted \u00b7 3 malformed \u00b7 12 refused \u00b7 2 findings"));
  EXPECT_TRUE(has(section, "expected # channels, but got # channels"));
  EXPECT_TRUE(has(section, escaped(hostile_text)));
  EXPECT_FALSE(has(section, hostile_text));
}

TEST(Page, ABlindTripleIsNotShownAsOneThatStopped) {
  Report report = synthetic_report({.cases = 50});
  for (CaseResult& result : report.cases) result.outcome = Outcome::passed;
  EXPECT_EQ(render_html(report, nullptr).find("<td class=\"h-blind\">"), std::string::npos);
  report.cases.front().outcome = Outcome::blind;
  const std::string page = render_html(report, nullptr);
  EXPECT_NE(page.find("<td class=\"h-blind\">"), std::string::npos);
  EXPECT_NE(page.find(">blind</a></td>"), std::string::npos);
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
  EXPECT_TRUE(has(policy, "default-src 'none'"));
  EXPECT_FALSE(has(policy, "unsafe"));
  const std::string style = between(page, "<style>", "</style>");
  const std::string script = between(page, "<script>", "</script>");
  EXPECT_TRUE(has(script, "followAddress"));
  EXPECT_TRUE(has(policy, "style-src 'sha256-" + base64(sha256(style)) + "'"));
  EXPECT_TRUE(has(policy, "script-src 'sha256-" + base64(sha256(script)) + "'"));
}

TEST(Page, AsksNothingOfAnyNetwork) {
  const Report baseline = synthetic_report({.cases = 900, .failing = false});
  const std::string page = render_html(synthetic_report({.cases = 900, .gpu = true}), &baseline);
  // Namespaces are names, not addresses to fetch.
  std::string bare = page;
  const std::string space = "http://www.w3.org/2000/svg";
  for (std::size_t at = bare.find(space); at != std::string::npos; at = bare.find(space)) bare.erase(at, space.size());
  EXPECT_FALSE(has(bare, "http://"));
  EXPECT_FALSE(has(bare, "https://"));
  EXPECT_FALSE(has(bare, "url("));
  EXPECT_FALSE(has(bare, "@import"));
  EXPECT_FALSE(has(bare, " src="));
}

// The tags of a markup with the values of their attributes taken out: <rect class= x= width=>.
std::string bare_tags(const std::string& markup) {
  std::string tags;
  bool in_tag = false, in_value = false;
  for (const char character : markup) {
    if (!in_tag) in_tag = character == '<';
    if (in_tag && character == '"') in_value = !in_value;
    if (in_tag && !in_value && character != '"') tags += character;
    if (!in_value && character == '>') in_tag = false;
  }
  return tags;
}

TEST(Page, HasNoStyleAttributesAndNoInlineHandlers) {
  EXPECT_EQ(bare_tags("<a style=\"x > y\" onclick=\"z\">text on=1</a>"), "<a style= onclick=></a>");
  const Report baseline = synthetic_report({.cases = 900, .failing = false});
  const std::string page = render_html(synthetic_report({.cases = 900, .hostile = true, .gpu = true}), &baseline);
  const std::size_t end_of_style = page.find("</style>");
  const std::string tags = bare_tags(page.substr(end_of_style, page.find("<script type=") - end_of_style));
  EXPECT_TRUE(has(tags, " class=")) << "the check sees attributes at all";
  EXPECT_FALSE(has(tags, " style="));
  EXPECT_FALSE(has(tags, " on"));
}

TEST(Page, HostileNamesStayText) {
  const Report baseline = synthetic_report({.cases = 90, .hostile = true, .seed = 9});
  const std::string page = render_html(synthetic_report({.cases = 900, .hostile = true}), &baseline);
  EXPECT_FALSE(has(page, "<img"));
  EXPECT_FALSE(has(page, "<script>window"));
  EXPECT_TRUE(has(page, "&lt;img src=x onerror=&quot;"));
  // One data block and one script, each closed once: no name closed either.
  std::size_t closings = 0;
  for (std::size_t at = page.find("</script"); at != std::string::npos; at = page.find("</script", at + 1)) ++closings;
  EXPECT_EQ(closings, 2u);
}

// Reads the codes as page_data.js does.
std::uint64_t decoded(const std::string& code, std::size_t start, std::size_t width) {
  static const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::uint64_t value = 0;
  for (std::size_t at = start; at < start + width; ++at) value = value * 64 + alphabet.find(code.at(at));
  return value;
}

TEST(Page, TheDataBlockHoldsEveryCase) {
  const Report report = synthetic_report({.cases = 900});
  const Json columns = Json::parse(data_of(render_html(report, nullptr)))["cases"]["columns"];
  const Json& id = columns["id"];
  const auto width = id["width"].get<std::size_t>();
  std::istringstream codes(id["code"].get<std::string>());
  const std::string outcomes = columns["outcome"]["code"], seeds = columns["seed"]["seeds"];
  for (std::size_t row = 0; row < report.cases.size(); ++row) {
    std::string code, spelt;
    ASSERT_TRUE(codes >> code);
    for (std::size_t at = 0; at < code.size(); at += width) spelt += id["parts"][decoded(code, at, width)];
    ASSERT_EQ(spelt, report.cases[row].id);
    ASSERT_EQ(decoded(seeds, row * 11, 11), report.cases[row].seed) << "more than 53 bits";
    ASSERT_EQ(columns["outcome"]["words"][decoded(outcomes, row, 1)], name_of(report.cases[row].outcome));
  }
}

TEST(Page, SaysWhatIsNotThere) {
  const std::string empty = render_html(Report{}, nullptr);
  EXPECT_TRUE(has(empty, "Nothing was judged"));
  EXPECT_TRUE(has(empty, "Nothing was timed in this run."));
  EXPECT_TRUE(has(empty, "No faults were planted"));
  const std::string good = render_html(synthetic_report({.cases = 90, .failing = false}), nullptr);
  EXPECT_TRUE(has(good, "Everything agrees"));
  EXPECT_TRUE(has(good, "stayed inside every gate"));
  EXPECT_TRUE(has(good, "lockstep compare BEFORE.json NOW.json"));
  EXPECT_TRUE(has(good, "Emulated runs are judged and never timed."));
}

TEST(Page, AFailureShowsItsNumbersItsMapAndItsRerunLine) {
  const Report report = synthetic_report({.cases = 3000});
  const std::string page = render_html(report, nullptr);
  const std::string section = between(page, "<section id=\"broken\">", "</section>");
  EXPECT_TRUE(has(section, "grad_weight[0, 767]"));
  EXPECT_TRUE(has(section, "<dd>1.40625</dd>"));
  EXPECT_TRUE(has(section, "lockstep verify --case layer_norm.backward/cuda.tiled_columns/"));
  EXPECT_TRUE(has(section, "<figure class=\"map\""));
  EXPECT_TRUE(has(section, "not finite")) << "the map's NaN cell is in its legend";
}

TEST(Page, AMissedFaultStandsInTheOpen) {
  Report report = synthetic_report({.cases = 300, .failing = false});
  report.faults[3].status = FaultStatus::missed;
  report.faults[3].cases_caught = 7;
  const std::string page = render_html(report, nullptr);
  EXPECT_TRUE(has(page, "1 planted fault went unseen"));
  EXPECT_TRUE(has(page, "But <a href=\"#faults\">1 declared fault</a> went unseen."));
  EXPECT_TRUE(has(page, "unseen in 5 of 12 cases"));
}

TEST(Page, MoreThanTheCeilingIsAnError) {
  Report report = synthetic_report({.cases = 2000, .failing = false, .gpu = true});
  ASSERT_FALSE(report.measurements.empty());
  EXPECT_FALSE(has(render_html(report, nullptr), "More than 100 %"));
  for (Measurement& row : report.measurements) row.fraction_of_ceiling = 1.07;
  EXPECT_TRUE(has(render_html(report, nullptr), "More than 100 %"));
}

TEST(Page, ComparesWithABaseline) {
  const Report before = synthetic_report({.cases = 2000, .failing = false, .seed = 3, .pairing = "night"});
  const Report after =
      synthetic_report({.cases = 2000, .failing = false, .seed = 3, .speed_factor = 1.10, .pairing = "night"});
  const std::string section = between(render_html(after, &before), "<section id=\"changes\">", "</section>");
  EXPECT_TRUE(has(section, "verdict-regressed"));
  EXPECT_TRUE(has(section, "class=\"forest v-regressed\""));
  EXPECT_TRUE(has(section, "No outcome changed."));
  EXPECT_TRUE(has(section, "<a href=\"#parallel\">train.")) << "training runs are compared, and have no drawer";
}

TEST(ErrorInGates, TakesTheNearerGate) {
  EXPECT_DOUBLE_EQ(error_in_gates({.worst_bound = 0.5, .worst_rms = 2}), 0.5);
  EXPECT_DOUBLE_EQ(error_in_gates({.worst_bound = 0.5, .worst_rms = 12}), 1.5);
  EXPECT_DOUBLE_EQ(error_in_gates({.worst_bound = 0.5, .worst_rms = not_a_number}), 0.5);
}

}  // namespace
}  // namespace lockstep::reports
