// SPDX-License-Identifier: Apache-2.0
// What synchronised statistics are worth, and what they cost. The verdict is the first sentence.
#include <algorithm>
#include <cmath>
#include <set>

#include "reports/enum_names.hpp"
#include "reports/html/line_chart.hpp"
#include "reports/html/markup.hpp"
#include "reports/html/sections.hpp"
#include "reports/html/training_parts.hpp"
#include "reports/number_text.hpp"

namespace lockstep::reports {
namespace {

constexpr std::size_t most_rows = 12;    // of a table by step
constexpr std::size_t most_points = 60;  // of a line

std::string loss_text(double value) { return significant(value); }
std::string accuracy_text(double value) { return percent(value); }
std::string images_text(double value) { return significant(value); }

std::string variant_name(const SyncBatchNormCurve& curve) {
  switch (curve.variant) {
    case SyncBatchNormVariant::whole_batch: return "whole batch on one rank";
    case SyncBatchNormVariant::local: return "local statistics";
    case SyncBatchNormVariant::synchronised: return "synchronised";
    case SyncBatchNormVariant::group: break;
  }
  return "groups of " + plural(curve.group_ranks, "rank");
}

// A way of training at one number of images, under the name that the page gives it.
struct NamedCurve {
  const SyncBatchNormCurve* curve = nullptr;
  std::string name = {};
};
using Curves = std::vector<NamedCurve>;

bool same_numbers(const SyncBatchNormCurve& left, const SyncBatchNormCurve& right) {
  return left.images_per_rank == right.images_per_rank && left.seeds == right.seeds && left.steps == right.steps &&
         left.loss_mean == right.loss_mean && left.accuracy_mean == right.accuracy_mean &&
         left.final_accuracies == right.final_accuracies;
}

// All curves. Where synchronised statistics have the numbers of the whole batch on one rank at every number of images (the
// same runs, as a study without threads has them), they are told once, under both names.
Curves told_curves(const SyncBatchNormStudy& study) {
  const auto has_twin = [&](const SyncBatchNormCurve& curve) {
    return std::any_of(study.curves.begin(), study.curves.end(), [&](const SyncBatchNormCurve& other) {
      return other.variant == SyncBatchNormVariant::synchronised && same_numbers(curve, other);
    });
  };
  bool any = false, twins = true;
  for (const SyncBatchNormCurve& curve : study.curves)
    if (curve.variant == SyncBatchNormVariant::whole_batch) {
      any = true;
      twins = twins && has_twin(curve);
    }
  Curves told;
  for (const SyncBatchNormCurve& curve : study.curves) {
    const bool is_whole = curve.variant == SyncBatchNormVariant::whole_batch;
    const bool is_both = any && twins && curve.variant == SyncBatchNormVariant::synchronised;
    if (is_whole && any && twins) continue;
    told.push_back({&curve, variant_name(curve) + (is_both ? ", as the whole batch on one rank" : "")});
  }
  return told;
}

int colour_of(const SyncBatchNormCurve& curve) {
  switch (curve.variant) {
    case SyncBatchNormVariant::whole_batch: return 5;
    case SyncBatchNormVariant::local: return 1;
    case SyncBatchNormVariant::synchronised: return 0;
    case SyncBatchNormVariant::group: break;
  }
  return 2 + curve.group_ranks / 2 % 3;
}

// One decimal, two near 0: on which side of it an interval ends decides the verdict.
std::string points_text(double points) {
  const double steps = std::abs(points) < 0.095 ? 100 : 10;
  const double rounded = std::round(points * steps) / steps;
  return (rounded < 0 ? "\u2212" : "+") + coordinate(std::abs(rounded));
}

std::string verdict_item(const SyncBatchNormVerdict& verdict, bool tells_seeds) {
  const char* tone = verdict.verdict == StudyVerdict::supported ? "ok"
                     : verdict.verdict == StudyVerdict::refuted ? "no"
                                                                : "warn";
  return "<li class=\"verdict-line\"><b class=\"" + std::string(tone) + "\">" +
         (verdict.verdict == StudyVerdict::supported ? "Supported"
          : verdict.verdict == StudyVerdict::refuted ? "Refuted"
                                                     : "Inconclusive") +
         "</b> at <b>" + plural(verdict.images_per_rank, "image") + "</b> a rank: " +
         (std::isfinite(verdict.low_points)
              ? points_text(verdict.low_points) + " to " + points_text(verdict.high_points)
              : std::string("too few seeds for an interval")) +
         (tells_seeds ? " <span class=\"soft\">(" + plural(verdict.seeds_used, "seed") + ")</span>" : std::string()) +
         "</li>";
}

// Each claim once, with its verdicts under it; seeds once where all have as many.
std::string verdict_lists(const SyncBatchNormStudy& study) {
  std::string html;
  const bool one_count = std::all_of(
      study.verdicts.begin(), study.verdicts.end(),
      [&](const SyncBatchNormVerdict& verdict) { return verdict.seeds_used == study.verdicts.front().seeds_used; });
  const std::string* claim = nullptr;
  for (const SyncBatchNormVerdict& verdict : study.verdicts) {
    if (!claim || *claim != verdict.claim) {
      html += std::string(claim ? "</ul>" : "") + "<p class=\"lead\">The claim: <b>" + escaped(verdict.claim) +
              "</b>. Synchronised \u2212 local in percentage points, 95 % intervals" +
              (one_count ? " over " + plural(verdict.seeds_used, "seed") : "") + ":</p><ul class=\"verdict-list\">";
      claim = &verdict.claim;
    }
    html += verdict_item(verdict, !one_count);
  }
  return html + (claim ? "</ul>" : "");
}

// Every n-th position and the last.
std::vector<std::size_t> thinned(std::size_t count, std::size_t most) {
  std::vector<std::size_t> positions;
  const std::size_t stride = count <= most ? 1 : (count + most - 2) / (most - 1);
  for (std::size_t at = 0; at < count; at += stride) positions.push_back(at);
  if (!positions.empty() && positions.back() + 1 != count) positions.push_back(count - 1);
  return positions;
}

struct Quantity {
  const char* name;
  std::string (*text)(double);
  std::vector<double> SyncBatchNormCurve::*mean;
  std::vector<double> SyncBatchNormCurve::*low;
  std::vector<double> SyncBatchNormCurve::*high;
};
constexpr Quantity accuracy{"accuracy", accuracy_text, &SyncBatchNormCurve::accuracy_mean,
                            &SyncBatchNormCurve::accuracy_low, &SyncBatchNormCurve::accuracy_high};
constexpr Quantity loss{"loss", loss_text, &SyncBatchNormCurve::loss_mean, &SyncBatchNormCurve::loss_low,
                        &SyncBatchNormCurve::loss_high};

std::string band_text(const Quantity& quantity, const SyncBatchNormCurve& curve, std::size_t at) {
  return quantity.text((curve.*quantity.mean)[at]) + " (" + quantity.text((curve.*quantity.low)[at]) + " to " +
         quantity.text((curve.*quantity.high)[at]) + ")";
}

std::string table_by_step(const Curves& curves, const Quantity& quantity) {
  std::vector<Cell> heads{number_cell("step")};
  std::set<std::int64_t> steps;
  for (const auto& [curve, name] : curves) {
    heads.push_back(number_cell(name));
    for (const std::size_t at : thinned(curve->steps.size(), most_rows)) steps.insert(curve->steps[at]);
  }
  std::string rows;
  for (const std::int64_t step : steps) {
    std::vector<Cell> cells{number_cell(grouped(step))};
    for (const auto& [curve, name] : curves) {
      const auto found = std::find(curve->steps.begin(), curve->steps.end(), step);
      const auto at = static_cast<std::size_t>(found - curve->steps.begin());
      cells.push_back(number_cell(found == curve->steps.end() ? "" : band_text(quantity, *curve, at)));
    }
    rows += figures_row(cells);
  }
  return figures_table("The numbers", heads, rows);
}

std::string curves_figure(const Curves& curves, const Quantity& quantity) {
  LineChart chart;
  double last_step = 1, least = HUGE_VAL, most = -HUGE_VAL;
  for (const auto& [curve, name] : curves) {
    ChartLine line{.name = name,
                   .colour = colour_of(*curve),
                   .dashed = curve->variant == SyncBatchNormVariant::whole_batch,
                   .marks = false,
                   .band = true};
    for (const std::size_t at : thinned(curve->steps.size(), most_points)) {
      const ChartPoint point{.x = static_cast<double>(curve->steps[at]),
                             .y = (curve->*quantity.mean)[at],
                             .low = (curve->*quantity.low)[at],
                             .high = (curve->*quantity.high)[at]};
      line.points.push_back(point);
      last_step = std::max(last_step, point.x);
      least = std::fmin(least, std::fmin(point.y, point.low));
      most = std::fmax(most, std::fmax(point.y, point.high));
    }
    chart.lines.push_back(std::move(line));
  }
  if (!(least <= most)) return "";
  const int images = curves.front().curve->images_per_rank;
  chart.label = std::string(quantity.name) + " by step at " + plural(images, "image") + " a rank";
  chart.x = linear_axis("step", 0, last_step, images_text);
  chart.y = linear_axis(quantity.name, least, most, quantity.text);
  const std::string seeds = plural(static_cast<std::int64_t>(curves.front().curve->seeds.size()), "seed");
  return "<figure class=\"card chart\"><figcaption><b>" + plural(images, "image") + " a rank</b>: " + quantity.name +
         " by step, " + seeds + ".</figcaption>" + line_chart(chart) + table_by_step(curves, quantity) + "</figure>";
}

// Where it ends, by images per rank: the picture of the whole claim.
std::string final_figure(const Curves& curves) {
  LineChart chart;
  double fewest = HUGE_VAL, most = 0, lowest = 1, highest = 0;
  std::string rows;
  for (const auto& [told, name] : curves) {
    const SyncBatchNormCurve& curve = *told;
    if (curve.final_accuracies.empty() || curve.images_per_rank < 1) continue;
    double sum = 0, low = HUGE_VAL, high = -HUGE_VAL;
    std::string each;
    for (const double value : curve.final_accuracies) {
      sum += value;
      low = std::min(low, value);
      high = std::max(high, value);
      each += (each.empty() ? "" : ", ") + accuracy_text(value);
    }
    const double mean = sum / static_cast<double>(curve.final_accuracies.size());
    const auto found = std::find_if(chart.lines.begin(), chart.lines.end(),
                                    [&name = name](const ChartLine& line) { return line.name == name; });
    ChartLine& line = found == chart.lines.end() ? chart.lines.emplace_back() : *found;
    line.name = name;
    line.colour = colour_of(curve);
    line.dashed = curve.variant == SyncBatchNormVariant::whole_batch;
    line.points.push_back({.x = static_cast<double>(curve.images_per_rank), .y = mean, .low = low, .high = high});
    line.points.back().title = name + ": " + accuracy_text(mean);
    fewest = std::min(fewest, static_cast<double>(curve.images_per_rank));
    most = std::max(most, static_cast<double>(curve.images_per_rank));
    lowest = std::min(lowest, low);
    highest = std::max(highest, high);
    rows += figures_row({number_cell(std::to_string(curve.images_per_rank)), words_cell(name),
                         number_cell(accuracy_text(mean)), words_cell(each)});
  }
  if (chart.lines.empty()) return "";
  for (ChartLine& line : chart.lines) {
    std::sort(line.points.begin(), line.points.end(),
              [](const ChartPoint& left, const ChartPoint& right) { return left.x < right.x; });
  }
  chart.label = "Final accuracy by images per rank";
  chart.x = doubling_axis("images a rank", fewest, most, images_text);
  chart.y = linear_axis("final accuracy", lowest, highest, accuracy_text);
  return "<figure class=\"card chart\"><figcaption><b>Where training ends</b>: accuracy by images a rank; bars span "
         "the "
         "seeds.</figcaption>" +
         line_chart(chart) +
         chart_table("The numbers",
                     "<th class=\"n\">images a rank</th><th>statistics</th><th class=\"n\">mean</th>"
                     "<th>by seed</th>",
                     rows) +
         "</figure>";
}

// Training loss at the last step, which accuracy may hide: a model can fit ever better and generalise no better.
std::string loss_table(const Curves& curves) {
  std::string rows;
  for (const auto& [told, name] : curves) {
    const SyncBatchNormCurve& curve = *told;
    if (curve.steps.empty()) continue;
    rows += figures_row({number_cell(std::to_string(curve.images_per_rank)), words_cell(name),
                         number_cell(band_text(loss, curve, 0)),
                         number_cell(band_text(loss, curve, curve.steps.size() / 2)),
                         number_cell(band_text(loss, curve, curve.steps.size() - 1))});
  }
  return figures_table("Training loss at the first, the middle and the last step",
                       {number_cell("images a rank"), words_cell("statistics"), number_cell("first"),
                        number_cell("middle"), number_cell("last")},
                       rows);
}

std::string signed_duration(double seconds) { return (seconds < 0 ? "\u2212" : "") + duration(std::abs(seconds)); }

std::string percent_text(double fraction) { return std::to_string(std::lround(100 * fraction)) + " %"; }

std::string tax_table(const SyncBatchNormStudy& study) {
  if (study.taxes.empty()) return "";
  const std::string& formula = study.taxes.front().formula;
  const bool one_formula = std::all_of(study.taxes.begin(), study.taxes.end(),
                                       [&](const SyncBatchNormTax& tax) { return tax.formula == formula; });
  std::vector<Cell> heads;
  // Every part that any row has, in the order in which they come.
  std::vector<std::string> parts;
  std::vector<const SyncBatchNormTaxPart*> told_parts;
  for (const SyncBatchNormTax& tax : study.taxes)
    for (const SyncBatchNormTaxPart& part : tax.parts)
      if (std::find(parts.begin(), parts.end(), part.name) == parts.end()) {
        parts.push_back(part.name);
        told_parts.push_back(&part);
      }
  std::vector<std::string> names{"ranks", "images a rank", "measured"};
  names.insert(names.end(), parts.begin(), parts.end());
  for (const char* name : {"predicted: the sum", "residual", "explained", "collectives", "bytes"})
    names.push_back(name);
  for (const std::string& name : names) heads.push_back(number_cell(escaped(name)));
  if (!one_formula) heads.push_back(words_cell("prediction"));
  std::string head, rows;
  for (const Cell& cell : heads) head += "<th" + std::string(cell.is_words ? " class=\"t\">" : ">") + cell.html;
  for (const SyncBatchNormTax& tax : study.taxes) {
    const bool both = std::isfinite(tax.predicted_seconds) && tax.measured_seconds > 0;
    const double residual =
        std::isfinite(tax.residual_seconds) ? tax.residual_seconds : tax.measured_seconds - tax.predicted_seconds;
    std::vector<Cell> cells{
        number_cell(tax.ranks > 0 ? std::to_string(tax.ranks) + (tax.oversubscribed ? " (more than cores)" : "") : ""),
        number_cell(std::to_string(tax.images_per_rank)), number_cell(signed_duration(tax.measured_seconds))};
    for (const std::string& name : parts) {
      const auto found = std::find_if(tax.parts.begin(), tax.parts.end(),
                                      [&](const SyncBatchNormTaxPart& part) { return part.name == name; });
      cells.push_back(number_cell(found == tax.parts.end() ? "" : signed_duration(found->seconds)));
    }
    cells.push_back(number_cell(signed_duration(tax.predicted_seconds)));
    cells.push_back(number_cell(signed_duration(residual)));
    cells.push_back(number_cell(both ? percent_text(tax.predicted_seconds / tax.measured_seconds) : ""));
    cells.push_back(number_cell(grouped(tax.collectives)));
    cells.push_back(number_cell(byte_size(tax.bytes)));
    if (!one_formula) cells.push_back(words_cell(escaped(tax.formula)));
    rows += figures_row(cells);
  }
  const bool told = one_formula && !formula.empty();
  std::string lead = told ? "Predicted as " + escaped(formula) + "." : std::string();
  for (const SyncBatchNormTaxPart* part : told_parts)
    if (!part->formula.empty()) lead += " <b>" + escaped(part->name) + "</b>: " + escaped(part->formula) + ".";
  return "<h3>What it costs a step</h3>" + (lead.empty() ? std::string() : "<p class=\"lead\">" + lead + "</p>") +
         "<div class=\"card scroll figures\" tabindex=\"0\"><table><thead><tr>" + head + "</tr></thead><tbody>" + rows +
         "</tbody></table></div>";
}

std::string study_part(const SyncBatchNormStudy& study) {
  const Curves told = told_curves(study);
  std::string html = verdict_lists(study);
  html += "<p class=\"lead\">" + escaped(study.model) + " on " + escaped(study.data_set) + ", " +
          plural(study.ranks, "rank") + "." + (study.note.empty() ? "" : " " + escaped(study.note)) +
          " Lines are means over the seeds, with their bands.</p><div class=\"charts\">" + final_figure(told);
  std::set<int> images;
  for (const NamedCurve& each : told) images.insert(each.curve->images_per_rank);
  for (const int count : images) {
    Curves curves;
    for (const NamedCurve& each : told)
      if (each.curve->images_per_rank == count && !each.curve->steps.empty()) curves.push_back(each);
    if (curves.empty()) continue;
    const std::string figure = curves_figure(curves, accuracy);
    // Accuracy is what the claim is about; a study that did not measure it shows its loss.
    html += figure.empty() ? curves_figure(curves, loss) : figure;
  }
  html += "</div>";
  if (const std::string losses = loss_table(told); !losses.empty()) html += "<div class=\"card\">" + losses + "</div>";
  return html + tax_table(study);
}

}  // namespace

std::string sync_batch_norm_section(const Report& report) {
  if (report.training.sync_batch_norm.empty()) return "";
  std::string html = "<section id=\"sync-batch-norm\"><h2>What synchronised statistics are worth</h2>";
  for (const SyncBatchNormStudy& study : report.training.sync_batch_norm) html += study_part(study);
  return html + "</section>";
}

}  // namespace lockstep::reports
