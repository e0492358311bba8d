// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "reports/enum_names.hpp"
#include "reports/html/markup.hpp"
#include "reports/html/sections.hpp"
#include "reports/number_text.hpp"

namespace lockstep::reports {
namespace {

// More cards than these are not read one by one; the table of cases has all.
constexpr std::size_t most_cards = 12;

std::string index_text(const std::vector<std::int64_t>& index) {
  std::string text = "[";
  for (const std::int64_t at : index) text += (text.size() > 1 ? ", " : "") + std::to_string(at);
  return text + "]";
}

std::string numbers_of(const Failure& failure) {
  const std::string error =
      std::isfinite(failure.error_in_bounds) ? significant(failure.error_in_bounds) + " bounds" : "not finite";
  const auto pair = [](const std::string& term, const std::string& value, const char* kind) {
    return "<div><dt>" + term + "</dt><dd" + kind + ">" + value + "</dd></div>";
  };
  return "<dl class=\"numbers\">" + pair("worst element", escaped(failure.output) + index_text(failure.index), "") +
         pair("expected", exact_number(failure.expected), "") + pair("got", exact_number(failure.got), "") +
         pair("error", error, " class=\"no\"") + pair("gate", escaped(failure.gate), "") + "</dl>";
}

std::string rerun_line(const std::string& rerun) {
  return "<div class=\"rerun\"><code>" + escaped(rerun) +
         "</code><button type=\"button\" class=\"copy\">Copy</button></div>";
}

std::string what_happened(const CaseResult& result) {
  switch (result.outcome) {
    case Outcome::crashed: return "crashed";
    case Outcome::timed_out: return "timed out";
    default: return "failed";
  }
}

std::string dtypes_of(const Report& report, const BrokenGroup& group) {
  std::vector<std::string> dtypes;
  for (const std::size_t index : group.cases) dtypes.push_back(report.cases[index].dtype);
  std::sort(dtypes.begin(), dtypes.end());
  dtypes.erase(std::unique(dtypes.begin(), dtypes.end()), dtypes.end());
  std::string text;
  for (const std::string& dtype : dtypes) text += (text.empty() ? "" : ", ") + dtype;
  return text;
}

/// The smallest case's where there is one: it is what one wants to look at.
std::string dump_of(const CaseResult& result) {
  if (result.smallest && !result.smallest->dump.empty()) return result.smallest->dump;
  return result.failure ? result.failure->dump : "";
}

std::string card(const Report& report, const BrokenGroup& group, MapBudget& budget) {
  const CaseResult& worst = report.cases[group.cases.front()];
  const auto broken = static_cast<std::int64_t>(group.cases.size());
  std::string html = "<article class=\"card broken\"><div class=\"words\"><h3>" + escaped(group.name) +
                     "</h3><p class=\"soft\">" + escaped(dtypes_of(report, group)) + " \u00b7 ";
  html += broken == group.cases_of_group && broken > 1
              ? "all " + plural(broken, "case")
              : grouped(broken) + " of " + plural(group.cases_of_group, "case");
  html += "</p><p>The worst case " + what_happened(worst) + ": ";
  html += escaped(worst.failure && !worst.failure->message.empty() ? worst.failure->message : worst.reason) + "</p>";
  if (worst.failure) html += numbers_of(*worst.failure);
  html += rerun_line(rerun_command(worst));
  if (worst.smallest) {
    html += "<p>The smallest case that fails in the same way, " +
            std::string(worst.smallest->complete ? "" : "as far as the time went, ") + "found in " +
            plural(worst.smallest->trials, "trial") + ":</p>" + rerun_line(worst.smallest->rerun);
  }
  html += "<p class=\"links\"><a href=\"#case=" + fragment_encoded(worst.id) + "\">The worst case</a>";
  if (broken > 1) {
    html += "<a href=\"#operator=" + fragment_encoded(worst.operator_name) +
            "&amp;implementation=" + fragment_encoded(worst.implementation) +
            "&amp;direction=" + fragment_encoded(worst.direction) + "&amp;outcome=broken\">All " + grouped(broken) +
            " of them</a>";
  }
  if (const std::string dump = dump_of(worst); !dump.empty()) {
    html += "<span class=\"soft\">dumped to <code>" + escaped(dump) + "</code></span>";
  }
  return html + "</p></div>" + failure_map(worst, budget) + "</article>";
}

}  // namespace

std::string broken_section(const Report& report, const Totals& totals, MapBudget& budget) {
  const std::vector<BrokenGroup> groups = broken_groups(report);
  std::string html = "<section id=\"broken\"><h2>What broke</h2>";
  const std::int64_t unseen = totals.faults_missed + totals.faults_blind;
  const std::int64_t blind = totals.of(Outcome::blind);
  std::string power;
  if (unseen > 0) power += " But <a href=\"#faults\">" + plural(unseen, "declared fault") + "</a> went unseen.";
  if (blind > 0) {
    power += " <a href=\"#outcome=blind\">" + plural(blind, "case") +
             "</a> could not have failed, so what they say about their "
             "implementations counts for nothing.";
  }
  if (totals.training.faults_missed > 0) {
    power += " <a href=\"#training-faults\">" + plural(totals.training.faults_missed, "fault") +
             " of training</a> went unseen.";
  }
  const std::string training = broken_training(report.training.runs);
  if (groups.empty() && training.empty()) {
    html += "<p class=\"quiet\">";
    html += totals.judged_cases + totals.training.runs == 0
                ? std::string("Nothing ran, so nothing could break.")
                : "Nothing. " + plural(totals.judged_cases, "case") +
                      (totals.training.runs > 0 ? " and " + plural(totals.training.runs, "training run") : "") +
                      " ran to the end and stayed inside every gate.";
    return html + power + "</p></section>";
  }
  if (groups.empty()) {
    html += "<p class=\"lead\">" +
            (totals.judged_cases == 0 ? std::string("No case ran.")
                                      : "All " + plural(totals.judged_cases, "case") + " stayed inside every gate.") +
            "</p>" + training;
    return html + (power.empty() ? "" : "<p class=\"quiet\">" + power + "</p>") + "</section>";
  }
  html +=
      "<p class=\"lead\">One card for each implementation, the one furthest from the truth first. An error of 1 bound "
      "is the most that rounding can explain.</p>";
  for (std::size_t i = 0; i < groups.size() && i < most_cards; ++i) html += card(report, groups[i], budget);
  if (groups.size() > most_cards) {
    html += "<p class=\"quiet\"><a href=\"#outcome=broken\">" +
            grouped(static_cast<std::int64_t>(groups.size() - most_cards)) +
            " more implementations</a> are in the table of cases.</p>";
  }
  html += training;
  if (!power.empty()) html += "<p class=\"quiet\">" + power + "</p>";
  return html + "</section>";
}

}  // namespace lockstep::reports
