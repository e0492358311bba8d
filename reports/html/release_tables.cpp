// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>

#include "reports/html/line_chart.hpp"
#include "reports/html/markup.hpp"
#include "reports/html/release_sheet.hpp"
#include "reports/number_text.hpp"
#include "reports/release_names.hpp"

namespace lockstep::reports {
namespace {

constexpr double kMostDecades = 3;  // of the bars of errors, below the largest

std::string units(double value) {
  return std::isnan(value) ? "" : std::isfinite(value) ? significant(value) : "not finite";
}

// Two bars, the candidate's above: how much of the rms gate (8) each uses.
std::string error_bars(const ReleaseError& candidate, const ReleaseError& baseline, double most) {
  std::string svg = "<svg class=\"errors\" role=\"img\" aria-label=\"candidate " + units(candidate.worst_rms) +
                    ", baseline " + units(baseline.worst_rms) + " rms\">";
  const auto bar = [&](double value, const char* kind, const char* y) {
    if (std::isnan(value)) return std::string();
    const double width = std::isfinite(value) ? std::clamp(value / most, 0.004, 1.0) : 1.0;
    return "<rect class=\"" + std::string(value > 8 ? "over" : kind) + "\" y=\"" + y + "\" width=\"" +
           coordinate(100 * width) + "%\" height=\"7\" rx=\"2\"/>";
  };
  return svg + bar(candidate.worst_rms, "own", "1") + bar(baseline.worst_rms, "peer", "10") + "</svg>";
}

std::string pair_cells(const std::string& candidate, const std::string& baseline) {
  return "<td class=\"n\">" + candidate + "</td><td class=\"n soft\">" + baseline + "</td>";
}

// A ratio on a logarithmic axis from half to twice: interval, point, and the band of what is allowed.
std::string forest(const SpeedRow& row, double allowed, double reach) {
  const auto x = [&](double ratio) {
    return coordinate(50 + 50 * std::clamp(std::log(ratio) / std::log(reach), -1.0, 1.0));
  };
  if (!std::isfinite(row.ratio)) return "<span class=\"soft\">not timed</span>";
  const double band_low = 1 / (1 + allowed), band_high = 1 + allowed;
  const double low = std::isfinite(row.ratio_low) ? row.ratio_low : row.ratio,
               high = std::isfinite(row.ratio_high) ? row.ratio_high : row.ratio;
  const double band_x = std::stod(x(band_low)), band_end = std::stod(x(band_high));
  return "<svg class=\"forest v-" + std::string(name_of(row.verdict)) +
         "\" aria-hidden=\"true\"><rect class=\"band\" x=\"" + coordinate(band_x) + "%\" width=\"" +
         coordinate(band_end - band_x) +
         "%\" height=\"100%\"/><line class=\"zero\" x1=\"50%\" x2=\"50%\" y1=\"0\" y2=\"100%\"/><line "
         "class=\"interval\" x1=\"" +
         x(low) + "%\" x2=\"" + x(high) + "%\" y1=\"50%\" y2=\"50%\"/><circle cx=\"" + x(row.ratio) +
         "%\" cy=\"50%\" r=\"4.5\"/></svg>";
}

std::string p_text(double p) { return p < 0.001 ? "&lt; 0.001" : significant(p, 2); }

double reach_of(const std::vector<SpeedRow>& rows) {
  double reach = 1.25;
  for (const SpeedRow& row : rows)
    for (const double ratio : {row.ratio_low, row.ratio_high, row.ratio})
      if (std::isfinite(ratio) && ratio > 0) reach = std::max(reach, std::exp(std::abs(std::log(ratio))) * 1.05);
  return reach;
}

// Error over time: a line from the baseline's mark to the candidate's, for every problem.
std::string accuracy_against_speed(const Release& release) {
  double fastest = INFINITY, slowest = 0, best = INFINITY, worst = 0;
  for (const SpeedRow& row : release.speed) {
    for (const double seconds : {row.candidate_median, row.baseline_median}) {
      fastest = std::min(fastest, seconds);
      slowest = std::max(slowest, seconds);
    }
    for (const double error : {row.candidate_error.worst_rms, row.baseline_error.worst_rms})
      if (std::isfinite(error) && error > 0) {
        best = std::min(best, error);
        worst = std::max(worst, error);
      }
  }
  if (!(slowest > 0) || !(worst > 0)) return "";
  LineChart chart{.label = "worst error in rms over the time of one call, candidate and baseline",
                  .x = decade_axis("time of one call", fastest, slowest, duration),
                  .y = decade_axis("worst error in rms", std::max(best, worst / std::pow(10, kMostDecades)), worst,
                                   [](double value) { return significant(value, 2); }),
                  .lines = {}};
  ChartLine candidate{.name = release.candidate + ", the candidate", .colour = 0, .points = {}},
      baseline{.name = release.baseline + ", the baseline", .colour = 1, .points = {}};
  for (const SpeedRow& row : release.speed) {
    const std::string place = row.operation + "/" + row.problem;
    candidate.points.push_back({.x = row.candidate_median,
                                .y = row.candidate_error.worst_rms,
                                .title = place + ": " + duration(row.candidate_median) + ", " +
                                         units(row.candidate_error.worst_rms) + " rms"});
    baseline.points.push_back(
        {.x = row.baseline_median,
         .y = row.baseline_error.worst_rms,
         .title = place + ": " + duration(row.baseline_median) + ", " + units(row.baseline_error.worst_rms) + " rms"});
  }
  chart.lines = {std::move(candidate), std::move(baseline)};
  return "<figure class=\"card chart scatter\"><figcaption><b>Accuracy against speed.</b> One mark a problem for each; "
         "left is faster, lower is more accurate.</figcaption>" +
         line_chart(chart) + "</figure>";
}

}  // namespace

std::string sheet_accuracy(const Release& release) {
  if (release.accuracy.empty()) return "";
  double most = 8;
  for (const AccuracyRow& row : release.accuracy)
    for (const double rms : {row.candidate.worst_rms, row.baseline.worst_rms})
      if (std::isfinite(rms)) most = std::max(most, rms);
  std::string html =
      "<section id=\"accuracy\"><h2>How exact, beside the baseline</h2><p class=\"lead\">The worst error over the "
      "listed "
      "problems, both measured with one yardstick: what sums in float32 in any order may err. 1 is the bound that no "
      "such "
      "sum exceeds, 8 rms the statistical gate.</p><div class=\"card scroll\" tabindex=\"0\"><table "
      "class=\"accuracy\"><thead>"
      "<tr><th rowspan=\"2\">direction</th><th rowspan=\"2\">dtype</th><th class=\"n\" colspan=\"2\">bounds</th>"
      "<th class=\"n\" colspan=\"2\">rms</th><th class=\"n\" colspan=\"2\">not correctly rounded</th><th rowspan=\"2\" "
      "class=\"wide\">rms, the candidate above</th></tr><tr>";
  for (int i = 0; i < 3; ++i) html += "<th class=\"n\">candidate</th><th class=\"n\">baseline</th>";
  html += "</tr></thead><tbody>";
  for (const AccuracyRow& row : release.accuracy) {
    const auto rounded = [](const ReleaseError& error) {
      return error.elements == 0 ? std::string()
                                 : percent(static_cast<double>(error.mismatches_to_correct_rounding) /
                                           static_cast<double>(error.elements));
    };
    html += "<tr><th scope=\"row\">" + escaped(row.direction) + "</th><td>" + escaped(row.dtype) + "</td>" +
            pair_cells(units(row.candidate.worst_bound), units(row.baseline.worst_bound)) +
            pair_cells(units(row.candidate.worst_rms), units(row.baseline.worst_rms)) +
            pair_cells(rounded(row.candidate), rounded(row.baseline)) + "<td class=\"wide\">" +
            error_bars(row.candidate, row.baseline, most) + "</td></tr>";
  }
  return html + "</tbody></table></div></section>";
}

std::string sheet_speed(const Release& release) {
  if (release.speed.empty()) return "";
  const double reach = reach_of(release.speed);
  std::string html =
      "<section id=\"speed\"><h2>How fast, beside the baseline</h2><p class=\"lead\">Both timed in turns, in fresh "
      "processes, "
      "on buffers that were judged afterwards. Ratios are of pairs; the line is their 95 % interval, p is the exact "
      "sign "
      "test of \u201cas fast\u201d, and proved to be more than " +
      percent(release.allowed_slowdown) + " slower (the band) holds.</p>" + accuracy_against_speed(release) +
      "<div class=\"card scroll\" tabindex=\"0\"><table class=\"speeds\"><thead><tr><th>problem</th><th "
      "class=\"n\">candidate</th><th class=\"n\">baseline</th><th class=\"n\">ratio</th><th "
      "class=\"n\">interval</th><th "
      "class=\"n\">p</th><th class=\"wide\"><span "
      "class=\"ends\"><span>faster</span><span>slower</span></span></th><th></th>"
      "<th class=\"n\">candidate rms</th><th class=\"n\">baseline rms</th></tr></thead><tbody>";
  for (const SpeedRow& row : release.speed) {
    const std::string interval = std::isfinite(row.ratio_low)
                                     ? significant(row.ratio_low) + " \u2013 " + significant(row.ratio_high)
                                     : "too few pairs";
    html += "<tr><th scope=\"row\"><code>" + breakable(row.operation + "/" + row.problem) +
            "</code><small class=\"soft\">" + escaped(row.source) + "</small><small class=\"soft\">" +
            spoken(row.kind) + (row.quiet ? "" : ", on a machine that was not quiet") + "</small></th>" +
            pair_cells(duration(row.candidate_median), duration(row.baseline_median)) + "<td class=\"n\">" +
            units(row.ratio) + "</td><td class=\"n soft\">" + interval + "</td><td class=\"n soft\">" +
            p_text(row.p_value) + "</td><td class=\"wide\">" + forest(row, release.allowed_slowdown, reach) +
            "</td><td class=\"verdict-" + std::string(name_of(row.verdict)) + "\">" +
            (row.verdict == SpeedVerdict::regressed   ? "slower"
             : row.verdict == SpeedVerdict::improved  ? "faster"
             : row.verdict == SpeedVerdict::unchanged ? "as fast"
                                                      : "not told apart") +
            "</td>" + pair_cells(units(row.candidate_error.worst_rms), units(row.baseline_error.worst_rms)) + "</tr>";
  }
  return html + "</tbody></table></div></section>";
}

std::string sheet_kernels(const Release& release) {
  if (release.kernels.empty()) return "";
  std::string html =
      "<section id=\"kernels\"><h2>What the compiler made of it</h2><p class=\"lead\">" +
      escaped(release.kernels_from) +
      ".</p><div class=\"card scroll\" tabindex=\"0\"><table class=\"kernels\"><thead><tr><th>kernel</th><th>for"
      "</th><th class=\"n\">registers</th><th class=\"n\">spill stores</th><th class=\"n\">spill loads</th><th "
      "class=\"n\">stack</th><th class=\"n\">static shared</th></tr></thead><tbody>";
  for (const KernelFigures& kernel : release.kernels) {
    const auto bytes = [](std::int64_t count, bool bad) {
      return "<td class=\"n" +
             std::string(count == 0 ? " soft"
                         : bad      ? " warn"
                                    : "") +
             "\">" + (count == 0 ? "0" : grouped(count) + " B") + "</td>";
    };
    html += "<tr><th scope=\"row\"><code>" + escaped(kernel.name) + "</code><small class=\"soft\">" +
            escaped(kernel.source) + "</small></th><td>" + escaped(kernel.architecture) + "</td><td class=\"n\">" +
            std::to_string(kernel.registers) + "</td>" + bytes(kernel.spill_store_bytes, true) +
            bytes(kernel.spill_load_bytes, true) + bytes(kernel.stack_bytes, false) +
            bytes(kernel.shared_bytes, false) + "</tr>";
  }
  return html + "</tbody></table></div></section>";
}

std::string sheet_faults(const Release& release) {
  if (release.faults.empty()) return "";
  // By direction and dtype: how many of the declared faults the cases of this operator can tell.
  struct Tally {
    std::int64_t caught = 0, applied = 0, excused = 0;
    std::string unseen = {};
  };
  std::map<std::pair<std::string, std::string>, Tally> tallies;
  for (const FaultResult& fault : release.faults) {
    Tally& tally = tallies[{fault.direction == "forward" ? "1forward" : "2" + fault.direction, fault.dtype}];
    const bool seen = fault.status == FaultStatus::caught;
    if (seen || fault.status == FaultStatus::missed || fault.status == FaultStatus::blind)
      ++tally.applied;
    else
      ++tally.excused;
    if (seen) ++tally.caught;
    if (fault.status == FaultStatus::missed || fault.status == FaultStatus::blind)
      tally.unseen += (tally.unseen.empty() ? "" : ", ") + fault.fault;
  }
  std::string html =
      "<section id=\"faults\"><h2>Could this judgement have failed?</h2><p class=\"lead\">Faults that implementations "
      "of this "
      "operator have had, planted in its cases. A pass is worth what it can reject.</p><div class=\"card scroll\" "
      "tabindex=\"0\"><table><thead><tr><th>direction</th><th>dtype</th><th class=\"n\">caught</th><th "
      "class=\"n\">excused in "
      "writing</th><th>not seen</th></tr></thead><tbody>";
  for (const auto& [key, tally] : tallies)
    html += "<tr><th scope=\"row\">" + escaped(key.first.substr(1)) + "</th><td>" + escaped(key.second) +
            "</td><td class=\"n " + (tally.caught == tally.applied ? "ok" : "no") + "\">" + grouped(tally.caught) +
            " of " + grouped(tally.applied) + "</td><td class=\"n soft\">" + grouped(tally.excused) +
            "</td><td class=\"no\">" + escaped(tally.unseen) + "</td></tr>";
  return html + "</tbody></table></div></section>";
}

}  // namespace lockstep::reports
