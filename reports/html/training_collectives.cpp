// SPDX-License-Identifier: Apache-2.0
// Collectives beside the physical limit: what plain copies reach on the same machine when every rank copies at once.
#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "reports/html/line_chart.hpp"
#include "reports/html/markup.hpp"
#include "reports/html/training_parts.hpp"
#include "reports/number_text.hpp"

namespace lockstep::reports {
namespace {

constexpr std::size_t shown_figures = 4, most_figures = 16;
// A 95th percentile at twice the median betrays another job on the machine where the median does not.
constexpr double suspect_spread = 2;

std::string bandwidth_text(double value) { return rate(value, "bytes/s"); }
std::string size_text(double bytes) { return byte_size(static_cast<std::int64_t>(bytes)); }

using Points = std::vector<const CollectivePoint*>;

std::string doubts_of(const CollectivePoint& point) {
  const bool spread = point.p95_seconds > suspect_spread * point.median_seconds;
  if (!point.reportable) return "right, but its speed says nothing: ranks share a device";
  return doubts(point.oversubscribed, point.quiet, spread ? "wide spread" : "");
}

std::string row_of(const CollectivePoint& point) {
  const auto known = [&](double value, const std::string& text) {
    return number_cell(point.reportable && std::isfinite(value) ? text : "");
  };
  const std::string fraction = percent(point.fraction);
  return figures_row({words_cell(escaped(point.transport)), number_cell(byte_size(point.bytes)),
                      known(point.median_seconds, duration(point.median_seconds)),
                      known(point.p95_seconds, duration(point.p95_seconds)),
                      known(point.algorithm_bandwidth, bandwidth_text(point.algorithm_bandwidth)),
                      known(point.bus_bandwidth, bandwidth_text(point.bus_bandwidth)),
                      known(point.copy_ceiling, bandwidth_text(point.copy_ceiling)),
                      known(point.fraction, point.fraction > 1 ? "<b class=\"no\">" + fraction + "</b>" : fraction),
                      words_cell(doubts_of(point))});
}

// Both axes of a chart need a point; none is left where no point may be reported.
bool is_drawn(const CollectivePoint& point) {
  return point.reportable && point.bytes > 0 && point.bus_bandwidth > 0 && std::isfinite(point.bus_bandwidth);
}

std::string chart_of(const Points& points) {
  double fewest = HUGE_VAL, most = 0, slowest = HUGE_VAL, fastest = 0;
  std::map<std::string, ChartLine> lines;
  std::map<std::int64_t, double> ceiling;
  for (const CollectivePoint* point : points) {
    if (!is_drawn(*point)) continue;
    fewest = std::min(fewest, static_cast<double>(point->bytes));
    most = std::max(most, static_cast<double>(point->bytes));
    slowest = std::min(slowest, point->bus_bandwidth);
    fastest = std::max(fastest, point->bus_bandwidth);
    ChartLine& line = lines[point->transport];
    line.name = point->transport;
    line.points.push_back({.x = static_cast<double>(point->bytes),
                           .y = point->bus_bandwidth,
                           .hollow = point->oversubscribed || !point->quiet,
                           .title = byte_size(point->bytes) + ": " + bandwidth_text(point->bus_bandwidth)});
    if (point->copy_ceiling > 0) ceiling[point->bytes] = std::max(ceiling[point->bytes], point->copy_ceiling);
  }
  if (lines.empty()) return "<p class=\"quiet\">No speed here may be reported.</p>";
  ChartLine limit{.name = "copies alone", .colour = 5, .dashed = true, .marks = false};
  for (const auto& [bytes, value] : ceiling) {
    limit.points.push_back({.x = static_cast<double>(bytes), .y = value});
    fastest = std::max(fastest, value);
  }
  LineChart chart;
  chart.label = "Bus bandwidth of " + points.front()->collective + " by bytes, beside that of plain copies";
  chart.x = doubling_axis("bytes of one rank's buffer", fewest, most, size_text);
  chart.y = decade_axis("bus bandwidth", slowest, fastest, bandwidth_text);
  if (!limit.points.empty()) chart.lines.push_back(limit);
  int colour = 0;
  for (auto& [transport, line] : lines) {
    line.colour = colour++ % 5;
    std::sort(line.points.begin(), line.points.end(),
              [](const ChartPoint& left, const ChartPoint& right) { return left.x < right.x; });
    chart.lines.push_back(line);
  }
  return line_chart(chart);
}

std::string figure_of(const Points& points) {
  const CollectivePoint& first = *points.front();
  std::string rows;
  for (const CollectivePoint* point : points) rows += row_of(*point);
  return "<figure class=\"card chart\"><figcaption><b>" + escaped(first.collective) + "</b>, " +
         plural(first.ranks, "rank") + ", " + escaped(first.dtype) + ": bus bandwidth by size.</figcaption>" +
         chart_of(points) +
         figures_table("The numbers",
                       {words_cell("transport"), number_cell("bytes"), number_cell("median"), number_cell("p95"),
                        number_cell("algorithm"), number_cell("bus"), number_cell("copies"), number_cell("of copies"),
                        words_cell("doubts")},
                       rows) +
         "</figure>";
}

}  // namespace

std::string collectives_part(const std::vector<CollectivePoint>& points) {
  if (points.empty()) return "";
  std::vector<Points> figures;
  bool above = false;
  for (const CollectivePoint& point : points) {
    const auto key = [](const CollectivePoint& one) { return std::tuple(one.collective, one.ranks, one.dtype); };
    const auto found = std::find_if(figures.begin(), figures.end(),
                                    [&](const Points& group) { return key(*group.front()) == key(point); });
    (found == figures.end() ? figures.emplace_back() : *found).push_back(&point);
    above = above || (point.reportable && point.fraction > 1);
  }
  std::string shown, folded;
  for (std::size_t index = 0; index < figures.size() && index < most_figures; ++index) {
    (index < shown_figures ? shown : folded) += figure_of(figures[index]);
  }
  std::string html =
      "<h3 id=\"collectives\">Collectives beside plain copies</h3><p class=\"lead\">No collective can be "
      "faster than every rank copying its share at once, measured in the same run. Hollow: ranks share "
      "cores, or the machine was not quiet.</p><div class=\"charts\">" +
      shown + "</div>";
  if (above) {
    html +=
        "<p class=\"callout warning\">More than 100 % of plain copies is an error of the ceiling or of the counted "
        "bytes, not a fast collective.</p>";
  }
  if (!folded.empty()) {
    const auto more = static_cast<std::int64_t>(std::min(figures.size(), most_figures) - shown_figures);
    html += "<details><summary>" + plural(more, "more chart") + "</summary><div class=\"charts\">" + folded +
            "</div></details>";
  }
  if (figures.size() > most_figures) {
    html += "<p class=\"quiet\">" + grouped(static_cast<std::int64_t>(figures.size() - most_figures)) +
            " more are in the JSON.</p>";
  }
  return html;
}

}  // namespace lockstep::reports
