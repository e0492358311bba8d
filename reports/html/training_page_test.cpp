// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "reports/html/line_chart.hpp"
#include "reports/html/page.hpp"
#include "reports/html/sections.hpp"
#include "reports/html/training_parts.hpp"
#include "reports/testing/page_text.hpp"
#include "reports/testing/synthetic_training.hpp"

namespace lockstep::reports {
namespace {

// Not gmock's matcher: it would print half a megabyte of page.
std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

Report only_training(bool failing = false) {
  Report report;
  report.training = synthetic_training({.failing = failing});
  return report;
}

TEST(TrainingPage, AnswersInOrder) {
  const std::string section = parallel_section(only_training());
  std::size_t last = 0;
  for (const char* part : {"<b>All 7 runs do.</b> 2 are equal to the last bit.", "class=\"modes\"",
                           "A step by phase, in numbers", "Communication: alone, exposed", "One step in time",
                           "How it scales", "Collectives beside plain copies", "Would it have noticed?"}) {
    const std::size_t at = section.find(part);
    ASSERT_NE(at, std::string::npos) << part;
    EXPECT_GT(at, last) << part;
    last = at;
  }
}

TEST(TrainingPage, WhatIsNotThereIsOneLine) {
  const std::string page = render_html(Report{}, nullptr);
  EXPECT_FALSE(has(page, "id=\"parallel\""));
  EXPECT_FALSE(has(page, "href=\"#parallel\"")) << "no link leads nowhere";
  EXPECT_FALSE(has(page, "id=\"sync-batch-norm\""));
  EXPECT_TRUE(has(page,
                  "Not part of this run: training modes, faults of training, scaling, collectives, the study of "
                  "SyncBatchNorm."));
  const std::string whole = render_html(only_training(), nullptr);
  EXPECT_TRUE(has(whole, "href=\"#parallel\""));
  EXPECT_FALSE(has(whole, "Not part of this run"));
  EXPECT_TRUE(has(whole, "<dd>NCCL was not found</dd>")) << "a run that was skipped says why";
}

TEST(TrainingPage, NoSpeedStandsWithoutAPass) {
  Report report = only_training();
  TrainingRun& run = report.training.runs[1];
  report.training.runs = {run};
  EXPECT_TRUE(has(parallel_section(report), "rows/s"));
  EXPECT_TRUE(has(parallel_section(report), "class=\"stack\""));
  report.training.runs[0].outcome = Outcome::failed;
  report.training.runs[0].agreement->worst_gradient = 41.7;
  const std::string section = modes_part(report.training.runs);
  EXPECT_FALSE(has(section, "rows/s"));
  EXPECT_FALSE(has(section, "class=\"stack\""));
  EXPECT_TRUE(has(section, "<b class=\"no\">41.7 limits</b>"));
}

TEST(TrainingPage, ABrokenRunIsSaidFirst) {
  const std::string page = render_html(only_training(true), nullptr);
  EXPECT_TRUE(has(page, "<em>1 training run fails</em>, everything else agrees."));
  EXPECT_TRUE(has(page, "rank 1 has other parameters than rank 0 after step 0"));
  EXPECT_TRUE(has(page, "ranks drifted apart after step 0"));
  EXPECT_TRUE(has(page, "<b class=\"no\">2 of 3</b>") || has(page, "<b class=\"no\">2 of 3"));
  EXPECT_TRUE(has(page, "1 fault of training</a> went unseen."));
  EXPECT_TRUE(has(page, "<b class=\"no\">not finite</b>"));
}

TEST(TrainingPage, TheBarSumsToTheStep) {
  Report report = only_training();
  TrainingRun run = report.training.runs[3];
  run.decomposition = StepDecomposition{.step_seconds = 0.1,
                                        .phases = {{TrainingPhase::forward, 0.03}, {TrainingPhase::backward, 0.06}},
                                        .residual_seconds = 0.01};
  const std::string html = modes_part({run});
  EXPECT_TRUE(has(html, "<rect class=\"p-forward\" x=\"0%\" width=\"30%\""));
  EXPECT_TRUE(has(html, "<rect class=\"p-backward\" x=\"30%\" width=\"60%\""));
  EXPECT_TRUE(has(html, "<rect class=\"p-residual\" x=\"90%\" width=\"10%\""));
  EXPECT_TRUE(has(html, "residual 10.0 ms (+10.0 %)"));
  run.decomposition->residual_seconds = -0.01;
  EXPECT_TRUE(has(modes_part({run}), "residual \u221210.0 ms (\u221210.0 %)"));
}

TEST(TrainingPage, TheTimelineCountsWhatIsHidden) {
  TrainingRun run{.mode = "ddp", .outcome = Outcome::passed};
  run.timeline = {{0, TimelineLane::compute, TrainingPhase::backward, "", 0, 0.010},
                  {0, TimelineLane::compute, TrainingPhase::exposed_communication, "", 0.010, 0.012},
                  {0, TimelineLane::communication, TrainingPhase::communication, "bucket 0", 0.004, 0.012}};
  const std::string html = timeline_part({run});
  EXPECT_TRUE(has(html, "<b>75 %</b> of the communication ran behind computation"));
  EXPECT_TRUE(has(html, "rank 0 computes"));
  EXPECT_EQ(count_of(html, "communication, bucket 0"), 2u) << "in the drawing and in its table";
  run.timeline.resize(20000, run.timeline.front());
  EXPECT_EQ(timeline_part({run}), "") << "a timeline of thousands of spans stays in the JSON";
}

TEST(TrainingPage, TheTimelineThatHidesCommunicationComesFirst) {
  TrainingRun alone, hiding;
  alone.mode = "single";
  alone.timeline = {{0, TimelineLane::compute, TrainingPhase::backward, "", 0, 0.010}};
  hiding.mode = "distributed_data_parallel";
  hiding.timeline = {{0, TimelineLane::compute, TrainingPhase::backward, "", 0, 0.010},
                     {0, TimelineLane::communication, TrainingPhase::exposed_communication, "", 0.005, 0.010},
                     {1, TimelineLane::compute, TrainingPhase::backward, "", 0, 0.010}};
  const std::string html = timeline_part({alone, hiding});
  EXPECT_LT(html.find("<b>distributed_data_parallel</b>"), html.find("<b>single</b>"));
}

TEST(TrainingPage, ScalingNamesItsBaseAndMarksWhatSharesCores) {
  const std::string html = scaling_part(only_training().training);
  EXPECT_TRUE(has(html, "Speed-up over <b>1 rank</b>"));
  EXPECT_TRUE(has(html, "because it copies no parameters."));
  // 2 kinds x 2 modes x the points with 4 and 8 ranks.
  EXPECT_EQ(count_of(html, "class=\"mark hollow\""), 8u);
  EXPECT_EQ(count_of(html, "<td class=\"t\">more ranks than cores"), 8u);
  EXPECT_EQ(count_of(html, "role=\"img\""), 2u);
}

TEST(TrainingPage, AnUnreportableSpeedIsNotShown) {
  const std::string html = collectives_part(only_training().training.collectives);
  EXPECT_TRUE(has(html, "its speed says nothing"));
  EXPECT_FALSE(has(html, "4.30 ms"));
  EXPECT_FALSE(has(html, "More than 100 %"));
  std::vector<CollectivePoint> points = only_training().training.collectives;
  points[0].fraction = 1.2;
  EXPECT_TRUE(has(collectives_part(points), "More than 100 %"));
  const std::string alone = collectives_part({points.back()});
  EXPECT_TRUE(has(alone, "No speed here may be reported."));
}

TEST(TrainingPage, TheVerdictOnSynchronisingIsTheFirstSentence) {
  const std::string section = sync_batch_norm_section(only_training());
  const std::size_t supported = section.find("Supported</b> at <b>2 images</b>");
  ASSERT_NE(supported, std::string::npos);
  EXPECT_LT(supported, section.find("<svg"));
  EXPECT_TRUE(has(section, "Inconclusive</b> at <b>8 images</b>"));
  EXPECT_TRUE(has(section, "Refuted</b> at <b>32 images</b>"));
  EXPECT_TRUE(has(section, "a rank: +11.9 to +13.2</li>"));
  EXPECT_EQ(count_of(section, "synchronised statistics end at a higher accuracy"), 1u) << "one claim, told once";
  EXPECT_EQ(count_of(section, "percentage points"), 1u);
  EXPECT_EQ(count_of(section, "intervals over 6 seeds"), 1u);
  EXPECT_EQ(count_of(section, "class=\"area\""), 12u) << "three numbers of images, four ways, each with its band";
  EXPECT_TRUE(has(section, "What it costs a step"));
}

TEST(TrainingPage, WhatAStudyTellsIsNoFindingOfScaling) {
  Report report;
  report.training.sync_batch_norm.push_back(only_training().training.sync_batch_norm[0]);
  report.training.findings = {"On 4 ranks, synchronised statistics end at a higher accuracy than local ones: refuted."};
  EXPECT_EQ(parallel_section(report), "");
  EXPECT_TRUE(has(sync_batch_norm_section(report), "synchronised statistics end at a higher accuracy"));
  report.training.findings.push_back("DataParallel copies parameters.");
  EXPECT_TRUE(has(parallel_section(report), "<li>DataParallel copies parameters.</li>"));
  EXPECT_FALSE(has(parallel_section(report), "higher accuracy"));
}

TEST(TrainingPage, SeedsThatDifferStandWithTheirVerdicts) {
  Report report = only_training();
  report.training.sync_batch_norm[0].verdicts[0].seeds_used = 8;
  report.training.sync_batch_norm[0].verdicts[1].low_points = -0.01;
  const std::string section = sync_batch_norm_section(report);
  EXPECT_TRUE(has(section, "a rank: \u22120.01 to ")) << "an end beside 0 is on one side of it";
  EXPECT_TRUE(has(section, "+11.9 to +13.2 <span class=\"soft\">(8 seeds)</span></li>"));
  EXPECT_EQ(count_of(section, "(6 seeds)"), 2u);
}

TEST(TrainingPage, WaysWithTheSameNumbersAreToldOnce) {
  Report report = only_training();
  std::vector<SyncBatchNormCurve>& curves = report.training.sync_batch_norm[0].curves;
  const std::string apart = sync_batch_norm_section(report);
  EXPECT_FALSE(has(apart, "synchronised, as the whole batch on one rank"));
  for (SyncBatchNormCurve& curve : curves)
    if (curve.variant == SyncBatchNormVariant::synchronised) {
      curve = curves[static_cast<std::size_t>(&curve - curves.data()) - 2];
      curve.variant = SyncBatchNormVariant::synchronised;
    }
  const std::string together = sync_batch_norm_section(report);
  EXPECT_TRUE(has(together, "synchronised, as the whole batch on one rank"));
  EXPECT_EQ(count_of(together, "class=\"area\""), 9u) << "three numbers of images, three ways";
  curves[0].final_accuracies[0] += 0.001;
  EXPECT_EQ(sync_batch_norm_section(report).find("synchronised, as"), std::string::npos) << "one number differs";
}

TEST(TrainingPage, ALongStudyStaysSmall) {
  Report report = only_training();
  SyncBatchNormStudy& study = report.training.sync_batch_norm[0];
  for (SyncBatchNormCurve& curve : study.curves) {
    for (int step = 420; step < 100000; step += 20) curve.steps.push_back(step);
    for (auto* list : {&curve.loss_mean, &curve.loss_low, &curve.loss_high, &curve.accuracy_mean, &curve.accuracy_low,
                       &curve.accuracy_high}) {
      list->resize(curve.steps.size(), 0.5);
    }
  }
  const std::string section = sync_batch_norm_section(report);
  EXPECT_LT(section.size(), 80u * 1000);
  EXPECT_TRUE(has(section, "99\u202f980")) << "the last step is there";
}

TEST(LineChart, AxesHoldWhatTheyMust) {
  const auto text = [](double value) { return std::to_string(static_cast<int>(value)); };
  const ChartAxis ranks = doubling_axis("ranks", 1, 48, text);
  EXPECT_EQ(ranks.ticks.front().first, 1);
  EXPECT_EQ(ranks.high, 64);
  EXPECT_LE(doubling_axis("bytes", 1024, std::exp2(40), text).ticks.size(), 7u);
  const ChartAxis step = linear_axis("step", 0, 430, text);
  EXPECT_EQ(step.ticks[1].second, "100");
  EXPECT_GE(step.high, 430);
  const ChartAxis rates = decade_axis("rate", 3e8, 4e11, text);
  EXPECT_EQ(rates.ticks.front().first, 1e9);
  EXPECT_EQ(linear_axis("flat", 0.5, 0.5, text).ticks.size(), 2u) << "one value still has an axis";
}

TEST(LineChart, LeavesOutWhatHasNoPlace) {
  LineChart chart;
  chart.x =
      doubling_axis("ranks", 1, 8, [](double value) { return std::to_string(static_cast<int>(value)) + ".00 x"; });
  chart.y = chart.x;
  chart.lines.push_back(
      {.name = "<b>",
       .points = {{.x = 1, .y = 1}, {.x = 2, .y = not_a_number}, {.x = 4, .y = 0}, {.x = 8, .y = 8, .hollow = true}}});
  const std::string svg = line_chart(chart);
  EXPECT_EQ(count_of(svg, "class=\"mark"), 3u) << "two points and the key";
  EXPECT_EQ(count_of(svg, "class=\"mark hollow\""), 1u);
  EXPECT_TRUE(has(svg, "&lt;b&gt;"));
  EXPECT_TRUE(has(svg, ">8 x</text>")) << "digits that tell nothing go";
  EXPECT_FALSE(has(svg, "nan"));
}

}  // namespace
}  // namespace lockstep::reports
