// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "reports/enum_names.hpp"
#include "reports/html/markup.hpp"
#include "reports/html/sections.hpp"
#include "reports/number_text.hpp"

namespace lockstep::reports {
namespace {

const char* tone_class(Tone tone) {
  switch (tone) {
    case Tone::good: return "good";
    case Tone::bad: return "bad";
    case Tone::warning: return "warning";
    case Tone::empty: break;
  }
  return "empty";
}

// What is broken comes first and never vanishes: one failure in ten thousand is still some pixels wide.
constexpr std::array bar_order{Outcome::failed, Outcome::crashed, Outcome::timed_out, Outcome::blind,
                               Outcome::passed, Outcome::refused, Outcome::skipped};

std::string outcome_bar(const Totals& totals) {
  if (totals.cases == 0) return "";
  constexpr double least_percent = 0.6;
  std::array<double, outcome_count> widths{};
  double sum = 0;
  for (const Outcome outcome : bar_order) {
    if (totals.of(outcome) == 0) continue;
    const double share = 100.0 * static_cast<double>(totals.of(outcome)) / static_cast<double>(totals.cases);
    sum += widths[static_cast<std::size_t>(outcome)] = std::max(share, least_percent);
  }
  std::string label, rects;
  double at = 0;
  for (const Outcome outcome : bar_order) {
    const double width = widths[static_cast<std::size_t>(outcome)] / sum * 100;
    if (width == 0) continue;
    label += (label.empty() ? "" : ", ") + std::to_string(totals.of(outcome)) + " " + spoken(outcome);
    rects += "<rect class=\"o-" + std::string(name_of(outcome)) + "\" x=\"" + coordinate(at) + "%\" width=\"" +
             coordinate(width) + "%\" height=\"100%\"><title>" + spoken(outcome) + ": " + grouped(totals.of(outcome)) +
             "</title></rect>";
    at += width;
  }
  return "<svg class=\"outcome-bar\" role=\"img\" aria-label=\"" + label + "\">" + rects + "</svg>";
}

std::string outcome_counts(const Totals& totals) {
  std::string html = "<ul class=\"counts\">";
  for (const Outcome outcome : bar_order) {
    const bool always = outcome == Outcome::passed || outcome == Outcome::failed;
    if (!always && totals.of(outcome) == 0) continue;
    const std::string name(name_of(outcome));
    const std::string mark = totals.of(outcome) > 0 ? name : "skipped";
    html += "<li><a href=\"#outcome=" + name + "\"><svg class=\"key\" aria-hidden=\"true\"><rect class=\"o-" + mark +
            "\" width=\"100%\" height=\"100%\"/></svg><b>" + grouped(totals.of(outcome)) + "</b> " + spoken(outcome) +
            "</a></li>";
  }
  return html + "</ul>";
}

std::string tile(const std::string& value, const std::string& label, const std::string& detail) {
  return "<div class=\"tile\"><dt>" + label + "</dt><dd><b>" + value + "</b><span>" + detail + "</span></dd></div>";
}

// 6213449216 -> "6.21 billion": the exact count is in the detail below.
std::string large(std::int64_t count) {
  if (count >= 1000000000) return significant(static_cast<double>(count) / 1e9) + " billion";
  if (count >= 10000000) return significant(static_cast<double>(count) / 1e6) + " million";
  return grouped(count);
}

std::string evidence(const Report& report, const Totals& totals) {
  std::string html = "<dl class=\"tiles\">";
  const double coverage = totals.elements_total > 0
                              ? static_cast<double>(totals.elements_judged) / static_cast<double>(totals.elements_total)
                              : 0;
  const std::string share = totals.elements_total == 0 ? "no output was judged"
                            : totals.elements_judged == totals.elements_total
                                ? "every element of every output"
                                : percent(coverage) + " of " + large(totals.elements_total) +
                                      "; the rest is scanned for what is not finite or unwritten";
  html += tile(large(totals.elements_judged), "elements judged", share);
  html +=
      tile(grouped(totals.judged_cases), totals.judged_cases == 1 ? "case run" : "cases run",
           totals.cases == totals.judged_cases ? "all that are listed"
                                               : "of " + grouped(totals.cases) + "; why the others did not is below");
  const bool several = totals.seeds > 1;
  html += tile(grouped(totals.seeds), several ? "seeds" : "seed",
               several ? grouped(totals.judgements) + " judgements, a fresh fill for each"
                       : "seed " + std::to_string(report.run.seed));
  if (!report.faults.empty()) {
    std::string detail = "planted to prove that the cases can fail";
    if (totals.faults_blind > 0) detail = grouped(totals.faults_blind) + " more could not show in any case";
    const bool all = totals.faults_missed == 0;
    html += tile("<span class=\"" + std::string(all ? "ok" : "no") + "\">" + grouped(totals.faults_caught) +
                     "</span> of " + grouped(totals.faults_applied()),
                 "faults caught", detail);
  }
  if (const TrainingTotals& training = totals.training; training.runs > 0) {
    const std::string agree = grouped(training.runs - training.broken);
    html += tile("<span class=\"" + std::string(training.broken == 0 ? "ok" : "no") + "\">" + agree + "</span> of " +
                     grouped(training.runs),
                 training.runs == 1 ? "training run agrees" : "training runs agree",
                 training.bit_identical > 0 ? grouped(training.bit_identical) + " of them to the last bit"
                                            : "with what their modes must equal");
  }
  return html + "</dl>";
}

// How much room the passing cases left: the number that a reader of "everything agrees" wants next. The bound would not tell:
// where the result is rounded once, correct kernels stand at it.
std::string room_left(const Report& report) {
  std::int64_t passed = 0, correctly_rounded = 0;
  double worst_rms = 0;
  for (const CaseResult& result : report.cases) {
    if (result.outcome != Outcome::passed || !result.margins) continue;
    ++passed;
    correctly_rounded += result.margins->mismatches_to_correct_rounding == 0;
    worst_rms = std::fmax(worst_rms, result.margins->worst_rms);
  }
  if (passed == 0) return "";
  if (correctly_rounded == passed) return " Every element that was judged is the correctly rounded truth.";
  return " " + grouped(correctly_rounded) + " of " + plural(passed, "passing case") +
         " are the correctly rounded truth in every element that was judged; in the others no error exceeds <b>" +
         significant(worst_rms, 2) + "</b> of the " + std::to_string(rms_gate) +
         " root-mean-square errors that its gate allows.";
}

std::string what_ran(const Report& report, const Totals& totals) {
  if (totals.of(Outcome::passed) == 0) return "";
  return "<p class=\"sub\">" + plural(totals.implementations, "implementation") + " of " +
         plural(totals.operators, "operator") + " ran beside their references." + room_left(report) + "</p>";
}

std::string fact(const std::string& text) { return text.empty() ? "" : "<li>" + escaped(text) + "</li>"; }

std::string machine_line(const Report& report) {
  const Environment& environment = report.environment;
  std::string html = "<ul class=\"facts\">";
  html += fact(report.run.suite);
  if (!environment.date_utc.empty()) {
    html += "<li><time datetime=\"" + escaped(environment.date_utc) + "\">" + escaped(environment.date_utc) +
            "</time></li>";
  }
  html += fact(environment.cpu_model);
  if (environment.cores > 0) html += fact(plural(environment.cores, "core"));
  html += fact(environment.gpu ? environment.gpu->name : "no GPU");
  html += fact(environment.compiler);
  html += fact(environment.cuda.toolkit ? "CUDA " + *environment.cuda.toolkit : "");
  html += fact(environment.revision.empty()
                   ? ""
                   : "revision " + environment.revision.substr(0, 12) + (environment.dirty ? ", edited" : ""));
  if (report.run.seconds > 0) html += fact(long_duration(report.run.seconds));
  return html + "</ul>";
}

}  // namespace

std::string verdict_section(const Report& report, const Totals& totals) {
  const Verdict verdict = verdict_of(report);
  std::string html = "<section id=\"verdict\" class=\"hero " + std::string(tone_class(verdict.tone)) + "\">";
  html += machine_line(report);
  html += "<h1><em>" + escaped(verdict.lead) + "</em>" + escaped(verdict.rest) + "</h1>";
  if (!verdict.note.empty()) html += "<p class=\"note\">" + escaped(verdict.note) + "</p>";
  html += what_ran(report, totals);
  return html + outcome_bar(totals) + outcome_counts(totals) + evidence(report, totals) + "</section>";
}

}  // namespace lockstep::reports
