// SPDX-License-Identifier: Apache-2.0
// One step in time, rank by rank: what is computed above, what is communicated below it. Overlap is what stands above
// one another.
#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "reports/enum_names.hpp"
#include "reports/html/line_chart.hpp"
#include "reports/html/markup.hpp"
#include "reports/html/training_parts.hpp"
#include "reports/number_text.hpp"

namespace lockstep::reports {
namespace {

constexpr std::size_t most_spans = 120;  // of all timelines together; the JSON has them all
constexpr double left = 150, width = 960, lane_height = 20, rank_gap = 12;

// Waiting is no computation that communication could hide behind.
bool computes(const TimelineSpan& span) {
  return span.lane == TimelineLane::compute && span.phase != TrainingPhase::exposed_communication &&
         span.phase != TrainingPhase::straggler_wait && span.phase != TrainingPhase::bubble;
}

// The share of a rank's communication that ran while it computed; NaN when it communicated nothing.
double hidden_share(const std::vector<TimelineSpan>& spans, int rank) {
  double hidden = 0, whole = 0;
  for (const TimelineSpan& communication : spans) {
    if (communication.rank != rank || communication.lane != TimelineLane::communication) continue;
    whole += communication.end_seconds - communication.begin_seconds;
    for (const TimelineSpan& span : spans) {
      if (span.rank != rank || !computes(span)) continue;
      const double overlap = std::min(span.end_seconds, communication.end_seconds) -
                             std::max(span.begin_seconds, communication.begin_seconds);
      hidden += std::max(0.0, overlap);
    }
  }
  return whole > 0 ? hidden / whole : not_a_number;
}

std::string overlap_text(const std::vector<TimelineSpan>& spans, const std::set<int>& ranks) {
  double least = not_a_number, most = not_a_number;
  for (const int rank : ranks) {
    const double share = hidden_share(spans, rank);
    least = std::fmin(least, share);
    most = std::fmax(most, share);
  }
  if (std::isnan(least)) return "";
  const std::string share = percent(least) == percent(most) ? percent(most) : percent(least) + " to " + percent(most);
  return " <b>" + share + "</b> of the communication ran behind computation.";
}

struct Drawing {
  std::vector<TimelineSpan> spans;
  std::vector<int> ranks;
  double end = 0;
  double x(double seconds) const { return left + (width - left - 10) * seconds / end; }
  double y(const TimelineSpan& span) const {
    const auto place = std::find(ranks.begin(), ranks.end(), span.rank) - ranks.begin();
    return 8 + static_cast<double>(place) * (2 * lane_height + rank_gap) +
           (span.lane == TimelineLane::communication ? lane_height : 0);
  }
  double height() const { return 8 + static_cast<double>(ranks.size()) * (2 * lane_height + rank_gap) + 26; }
};

std::string lanes_of(const Drawing& drawing) {
  std::string svg;
  for (const int rank : drawing.ranks) {
    for (const TimelineLane lane : {TimelineLane::compute, TimelineLane::communication}) {
      const double y = drawing.y({.rank = rank, .lane = lane});
      const std::string name =
          lane == TimelineLane::compute ? "rank " + std::to_string(rank) + " computes" : "communicates";
      svg += "<rect class=\"lane\" x=\"" + coordinate(left) + "\" y=\"" + coordinate(y + 1) + "\" width=\"" +
             coordinate(width - left - 10) + "\" height=\"" + coordinate(lane_height - 2) + "\"/><text class=\"" +
             (lane == TimelineLane::compute ? "ink" : "soft") + "\" x=\"" + coordinate(left - 10) + "\" y=\"" +
             coordinate(y + 14) + "\" text-anchor=\"end\">" + name + "</text>";
    }
  }
  return svg;
}

std::string axis_of(const Drawing& drawing) {
  std::string svg;
  const double bottom = drawing.height() - 24;
  for (const auto& [value, text] : linear_axis("", 0, drawing.end, duration).ticks) {
    if (value > drawing.end) continue;
    const std::string x = coordinate(drawing.x(value));
    svg += "<line class=\"grid\" x1=\"" + x + "\" x2=\"" + x + "\" y1=\"4\" y2=\"" + coordinate(bottom) +
           "\"/><text x=\"" + x + "\" y=\"" + coordinate(bottom + 16) + "\" text-anchor=\"middle\">" +
           (value > 0 ? trimmed(text) : "0") + "</text>";
  }
  return svg;
}

std::string figure_of(const TrainingRun& run, std::size_t& spans_left) {
  Drawing drawing;
  std::set<int> ranks;
  for (const TimelineSpan& span : run.timeline) {
    if (std::isfinite(span.begin_seconds) && span.end_seconds > span.begin_seconds) drawing.spans.push_back(span);
  }
  if (drawing.spans.empty() || drawing.spans.size() > spans_left) return "";
  spans_left -= drawing.spans.size();
  std::set<TrainingPhase> phases;
  for (const TimelineSpan& span : drawing.spans) {
    ranks.insert(span.rank);
    phases.insert(span.phase);
    drawing.end = std::max(drawing.end, span.end_seconds);
  }
  drawing.ranks.assign(ranks.begin(), ranks.end());
  std::string svg, rows;
  for (const TimelineSpan& span : drawing.spans) {
    const double x = drawing.x(std::max(0.0, span.begin_seconds));
    const std::string name = spoken(span.phase) + (span.label.empty() ? "" : ", " + escaped(span.label));
    const std::string length = duration(span.end_seconds - span.begin_seconds);
    svg += "<rect class=\"p-" + std::string(name_of(span.phase)) + "\" x=\"" + short_coordinate(x) + "\" y=\"" +
           coordinate(drawing.y(span) + 1) + "\" width=\"" + short_coordinate(drawing.x(span.end_seconds) - x) +
           "\"><title>" + name + ": " + length + "</title></rect>";
    rows += figures_row({number_cell(std::to_string(span.rank)), words_cell(std::string(name_of(span.lane))),
                         words_cell(name), number_cell(duration(span.begin_seconds)),
                         number_cell(duration(span.end_seconds)), number_cell(length)});
  }
  std::string legend = "<ul class=\"legend phases\">";
  for (const TrainingPhase phase : phases) legend += phase_key(std::string(name_of(phase)));
  return "<figure class=\"card chart\"><figcaption><b>" + escaped(run.mode) + "</b>, " + run_details(run) + "." +
         overlap_text(drawing.spans, ranks) +
         "</figcaption><div class=\"scroll\" tabindex=\"0\"><svg class=\"timeline\" viewBox=\"0 0 " +
         coordinate(width) + " " + coordinate(drawing.height()) + "\" role=\"img\" aria-label=\"One step of " +
         plural(static_cast<std::int64_t>(drawing.ranks.size()), "rank") + " in time\">" + lanes_of(drawing) +
         axis_of(drawing) + "<g class=\"spans\">" + svg + "</g></svg></div>" + legend + "</ul>" +
         figures_table("The spans",
                       {number_cell("rank"), words_cell("lane"), words_cell("phase"), number_cell("begins"),
                        number_cell("ends"), number_cell("takes")},
                       rows) +
         "</figure>";
}

// What a timeline is looked at for: communication behind computation, then any communication, then the rest.
int interest_of(const TrainingRun& run) {
  std::set<int> ranks;
  for (const TimelineSpan& span : run.timeline) ranks.insert(span.rank);
  if (ranks.size() < 2) return 0;
  for (const int rank : ranks)
    if (hidden_share(run.timeline, rank) > 0) return 2;
  return 1;
}

std::vector<const TrainingRun*> most_interesting_first(const std::vector<TrainingRun>& runs) {
  std::vector<const TrainingRun*> ordered;
  for (const TrainingRun& run : runs)
    if (!run.timeline.empty()) ordered.push_back(&run);
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const TrainingRun* a, const TrainingRun* b) { return interest_of(*a) > interest_of(*b); });
  return ordered;
}

}  // namespace

std::string timeline_part(const std::vector<TrainingRun>& runs) {
  std::string first, others;
  std::size_t spans_left = most_spans, drawn = 0, left_out = 0;
  for (const TrainingRun* run : most_interesting_first(runs)) {
    const std::string figure = figure_of(*run, spans_left);
    (figure.empty() ? left_out : drawn) += 1;
    (first.empty() ? first : others) += figure;
  }
  if (first.empty()) return "";
  std::string html =
      "<h3>One step in time</h3><p class=\"lead\">Communication that stands below computation is hidden by "
      "it; what stands alone is waited for.</p>" +
      first;
  if (!others.empty()) {
    html += "<details><summary>" + plural(static_cast<std::int64_t>(drawn - 1), "more timeline") + "</summary>" +
            others + "</details>";
  }
  if (left_out > 0) {
    html += "<p class=\"quiet\">" + plural(static_cast<std::int64_t>(left_out), "more timeline") +
            " would make this page too large; the JSON has them all.</p>";
  }
  return html;
}

}  // namespace lockstep::reports
