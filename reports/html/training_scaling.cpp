// SPDX-License-Identifier: Apache-2.0
// Speed-up by number of ranks, against a named base and the ideal. Points with more ranks than cores are hollow: they
// are measured, and say nothing about a machine with more cores.
#include <algorithm>
#include <cmath>
#include <tuple>

#include "reports/enum_names.hpp"
#include "reports/html/line_chart.hpp"
#include "reports/html/markup.hpp"
#include "reports/html/training_parts.hpp"
#include "reports/number_text.hpp"

namespace lockstep::reports {
namespace {

constexpr std::size_t most_figures = 12;

std::string rank_text(double ranks) { return significant(ranks); }

using Points = std::vector<const ScalingPoint*>;

// Keeps the order of first appearance, which is the order in which the suites measured.
template <typename Key>
std::vector<Points> grouped_by(const Points& points, Key&& key) {
  std::vector<Points> groups;
  for (const ScalingPoint* point : points) {
    const auto same = [&](const Points& group) { return key(*group.front()) == key(*point); };
    const auto found = std::find_if(groups.begin(), groups.end(), same);
    (found == groups.end() ? groups.emplace_back() : *found).push_back(point);
  }
  return groups;
}

double base_of(const ScalingPoint& point) { return std::max(1, point.base_ranks); }
double speed_up(const ScalingPoint& point) { return point.efficiency * point.ranks / base_of(point); }

std::string bucket_text(const ScalingPoint& point) {
  return point.bucket_bytes > 0 ? "buckets of " + trimmed(byte_size(point.bucket_bytes)) : "";
}

std::string row_of(const ScalingPoint& point) {
  const std::string interval = std::isfinite(point.low_seconds)
                                   ? duration(point.low_seconds) + " to " + duration(point.high_seconds)
                                   : "too few samples";
  return figures_row({words_cell(escaped(point.mode)), number_cell(std::to_string(point.ranks)),
                      number_cell(point.bucket_bytes > 0 ? byte_size(point.bucket_bytes) : ""),
                      number_cell(grouped(point.rows_per_rank)), number_cell(duration(point.seconds_per_step)),
                      number_cell(interval), number_cell(significant(point.rows_per_second)),
                      number_cell(times_text(speed_up(point))), number_cell(percent(point.efficiency)),
                      number_cell(plural(point.base_ranks, "rank")),
                      words_cell(doubts(point.oversubscribed, point.quiet, point.note))});
}

ChartLine line_for(const Points& points, int colour) {
  const ScalingPoint& first = *points.front();
  const std::string bucket = bucket_text(first);
  ChartLine line{.name = first.mode + (bucket.empty() ? "" : ", " + bucket), .colour = colour};
  for (const ScalingPoint* point : points) {
    const double speed = speed_up(*point);
    // A shorter step is a higher speed: the ends of the interval change sides.
    line.points.push_back({.x = static_cast<double>(point->ranks),
                           .y = speed,
                           .low = speed * point->seconds_per_step / point->high_seconds,
                           .high = speed * point->seconds_per_step / point->low_seconds,
                           .hollow = point->oversubscribed,
                           .title = plural(point->ranks, "rank") + ": " + times_text(speed) + ", " +
                                    percent(point->efficiency) + " efficiency"});
  }
  std::sort(line.points.begin(), line.points.end(),
            [](const ChartPoint& left, const ChartPoint& right) { return left.x < right.x; });
  return line;
}

std::string figure_of(const Points& points) {
  const ScalingPoint& first = *points.front();
  const double base = base_of(first);
  double most_ranks = base, least = 1, most = 1;
  bool oversubscribed = false;
  std::string rows;
  for (const ScalingPoint* point : points) {
    most_ranks = std::max(most_ranks, static_cast<double>(point->ranks));
    least = std::fmin(least, speed_up(*point) > 0 ? speed_up(*point) : 1);
    most = std::fmax(most, speed_up(*point));
    oversubscribed = oversubscribed || point->oversubscribed;
    rows += row_of(*point);
  }
  LineChart chart;
  chart.x = doubling_axis("ranks", base, most_ranks, rank_text);
  chart.y = doubling_axis("speed-up", least, std::max(most, most_ranks / base), times_text);
  chart.lines.push_back({.name = "ideal",
                         .colour = 5,
                         .dashed = true,
                         .marks = false,
                         .points = {{.x = base, .y = 1}, {.x = most_ranks, .y = most_ranks / base}}});
  int colour = 0;
  const auto key = [](const ScalingPoint& point) { return std::tuple(point.mode, point.bucket_bytes); };
  for (const Points& line : grouped_by(points, key)) chart.lines.push_back(line_for(line, colour++ % 5));
  const std::string kind(name_of(first.kind));
  chart.label = kind + " scaling of " + first.model + ": speed-up by ranks, base " + plural(first.base_ranks, "rank");
  const std::string held =
      first.kind == ScalingKind::weak ? "every rank keeps its rows, the batch grows" : "the batch is split ever finer";
  return "<figure class=\"card chart\"><figcaption><b>" +
         std::string(first.kind == ScalingKind::weak ? "Weak" : "Strong") + " scaling</b>, " + escaped(first.model) +
         ": " + held + ". Speed-up over <b>" + plural(first.base_ranks, "rank") + "</b>" +
         (oversubscribed ? "; hollow where ranks share cores, which says nothing about more cores." : ".") +
         "</figcaption>" + line_chart(chart) +
         chart_table(
             "The numbers",
             "<th>mode</th><th class=\"n\">ranks</th><th class=\"n\">bucket</th><th class=\"n\">rows a rank</th>"
             "<th class=\"n\">step</th><th class=\"n\">95 % interval</th><th class=\"n\">rows/s</th>"
             "<th class=\"n\">speed-up</th><th class=\"n\">efficiency</th><th class=\"n\">against</th>"
             "<th>doubts</th>",
             rows) +
         "</figure>";
}

}  // namespace

std::vector<std::string> scaling_findings(const Training& training) {
  const auto is_told_by_a_study = [&](const std::string& finding) {
    for (const SyncBatchNormStudy& study : training.sync_batch_norm)
      for (const SyncBatchNormVerdict& verdict : study.verdicts)
        if (!verdict.claim.empty() && finding.find(verdict.claim) != std::string::npos) return true;
    return false;
  };
  std::vector<std::string> findings;
  for (const std::string& finding : training.findings)
    if (!is_told_by_a_study(finding)) findings.push_back(finding);
  return findings;
}

std::string scaling_part(const Training& training) {
  const std::vector<std::string> findings = scaling_findings(training);
  if (training.scaling.empty() && findings.empty()) return "";
  std::string html = "<h3 id=\"scaling\">How it scales</h3>";
  if (!findings.empty()) {
    html += "<div class=\"callout\"><ul>";
    for (const std::string& finding : findings) html += "<li>" + escaped(finding) + "</li>";
    html += "</ul></div>";
  }
  Points points;
  for (const ScalingPoint& point : training.scaling) points.push_back(&point);
  const auto key = [](const ScalingPoint& point) { return std::tuple(point.model, point.kind, point.base_ranks); };
  const std::vector<Points> figures = grouped_by(points, key);
  if (!figures.empty()) html += "<div class=\"charts\">";
  for (std::size_t index = 0; index < figures.size() && index < most_figures; ++index)
    html += figure_of(figures[index]);
  if (!figures.empty()) html += "</div>";
  if (figures.size() > most_figures) {
    html += "<p class=\"quiet\">" + grouped(static_cast<std::int64_t>(figures.size() - most_figures)) +
            " more models and kinds are in the JSON.</p>";
  }
  return html;
}

}  // namespace lockstep::reports
