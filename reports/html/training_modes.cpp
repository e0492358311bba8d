// SPDX-License-Identifier: Apache-2.0
// The table of modes: agreement first, then speed, then where a step's time goes. A run that did not pass has no speed.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "reports/enum_names.hpp"
#include "reports/html/markup.hpp"
#include "reports/html/training_parts.hpp"
#include "reports/number_text.hpp"
#include "reports/totals.hpp"

namespace lockstep::reports {
namespace {

using Runs = std::vector<const TrainingRun*>;

bool has_speed(const TrainingRun& run) { return run.outcome == Outcome::passed && run.step_time.has_value(); }

// Runs that answer one question: the same model in the same dtype on the same batch. What did not run joins its model.
std::vector<Runs> comparable(const std::vector<TrainingRun>& runs) {
  std::vector<Runs> groups;
  for (const bool ran : {true, false}) {
    for (const TrainingRun& run : runs) {
      if (was_run(run.outcome) != ran) continue;
      const auto found = std::find_if(groups.begin(), groups.end(), [&](const Runs& group) {
        const TrainingRun& first = *group.front();
        return first.model == run.model && first.dtype == run.dtype &&
               (!ran || first.rows_per_batch == run.rows_per_batch);
      });
      (found == groups.end() ? groups.emplace_back() : *found).push_back(&run);
    }
  }
  return groups;
}

std::string name_of_group(const Runs& runs) {
  const TrainingRun& first = *runs.front();
  const std::string name = escaped(first.model) + ", " + escaped(first.dtype);
  return first.rows_per_batch > 0 ? name + ", " + grouped(first.rows_per_batch) + " rows a batch" : name;
}

const TrainingRun* single_rank(const Runs& runs) {
  const auto found =
      std::find_if(runs.begin(), runs.end(), [](const TrainingRun* run) { return run->ranks == 1 && has_speed(*run); });
  return found == runs.end() ? nullptr : *found;
}

std::string agreement_cell(const TrainingRun& run) {
  if (!was_run(run.outcome))
    return "<span class=\"soft\">" + spoken(run.outcome) + ": " + escaped(run.reason) + "</span>";
  std::string html;
  const bool passed = run.outcome == Outcome::passed;
  if (!passed) html += "<b class=\"no\">" + spoken(run.outcome) + "</b> ";
  if (run.agreement) {
    const TrainingAgreement& agreement = *run.agreement;
    const double worst = worst_distance(agreement);
    if (agreement.bit_identical) {
      html += "<span class=\"badge ok\">bit-identical</span>";
    } else if (std::isnan(worst)) {
      html += passed ? "<span class=\"soft\">nothing to compare with</span>" : "";
    } else if (worst <= 1) {
      html += "<span class=\"ok\">agrees</span>, worst at <b>" + significant(worst, 2) + "</b> of the limit";
    } else {
      html += "<b class=\"no\">" + (std::isfinite(worst) ? significant(worst, 3) + " limits" : "not finite") + "</b>";
    }
    if (!agreement.difference.empty()) html += "<br><span class=\"soft\">" + escaped(agreement.difference) + "</span>";
    if (agreement.diverged_at_step) {
      html +=
          "<br><span class=\"no\">ranks drifted apart after step " + grouped(*agreement.diverged_at_step) + "</span>";
    }
  }
  if (!passed && !run.reason.empty()) html += "<br><span class=\"soft\">" + escaped(run.reason) + "</span>";
  return html;
}

std::string stacked_bar(const StepDecomposition& step, double longest) {
  std::string rects;
  double at = 0;
  const auto add = [&](const std::string& phase, double seconds) {
    if (!(seconds > 0)) return;
    const double width = 100 * seconds / longest;
    rects += "<rect class=\"p-" + phase + "\" x=\"" + coordinate(at) + "%\" width=\"" + coordinate(width) +
             "%\" height=\"100%\"><title>" + spoken(std::string_view(phase)) + ": " + duration(seconds) +
             "</title></rect>";
    at += width;
  };
  for (const PhaseSeconds& phase : step.phases) add(std::string(name_of(phase.phase)), phase.seconds);
  add("residual", step.residual_seconds);
  return "<svg class=\"stack\" aria-hidden=\"true\">" + rects + "</svg>";
}

// "+1.2 ms residual (1.1 %)": never left out, since what is not explained is where a surprise hides.
std::string residual_text(const StepDecomposition& step) {
  const double seconds = step.residual_seconds;
  const std::string share = step.step_seconds > 0 ? " (" + signed_percent(seconds / step.step_seconds) + ")" : "";
  return (seconds < 0 ? "\u2212" : "") + duration(std::abs(seconds)) + share;
}

std::string speed_cells(const TrainingRun& run, const TrainingRun* single, double longest) {
  if (!has_speed(run)) return "<td class=\"n\"></td><td class=\"n\"></td><td></td>";
  std::string rows = std::isfinite(run.rows_per_second) ? significant(run.rows_per_second) + " rows/s" : "";
  if (single != nullptr && single != &run && single->rows_per_second > 0) {
    rows +=
        "<br><span class=\"soft\">" + times_text(run.rows_per_second / single->rows_per_second) + " one rank</span>";
  }
  const StepTime& time = *run.step_time;
  const std::string doubt = doubts(run.oversubscribed, run.quiet);
  return "<td class=\"n\">" + rows + "</td><td class=\"n\">" + duration(time.median_seconds) +
         (std::isfinite(time.p5_seconds) ? "<br><span class=\"soft\">" + duration(time.p5_seconds) + " to " +
                                               duration(time.p95_seconds) + "</span>"
                                         : "") +
         "</td><td class=\"wide\">" + (run.decomposition ? stacked_bar(*run.decomposition, longest) : "") +
         "<span class=\"soft\">" +
         (run.decomposition ? "residual " + residual_text(*run.decomposition) : "not decomposed") +
         (doubt.empty() ? "" : " \u00b7 <span class=\"warn\">" + doubt + "</span>") + "</span></td>";
}

std::string modes_table(const Runs& runs) {
  double longest = 0;
  std::set<TrainingPhase> shown;
  bool timed = false;
  for (const TrainingRun* run : runs) {
    timed = timed || has_speed(*run);
    if (!has_speed(*run) || !run->decomposition) continue;
    longest = std::max(longest, run->decomposition->step_seconds);
    for (const PhaseSeconds& phase : run->decomposition->phases) {
      if (phase.seconds > 0) shown.insert(phase.phase);
    }
  }
  const TrainingRun* single = single_rank(runs);
  std::string html = "<div class=\"card\"><div class=\"scroll\" tabindex=\"0\"><table class=\"modes\"><caption>" +
                     name_of_group(runs) + "</caption><thead><tr><th>mode</th><th>agreement</th>";
  if (timed) {
    html +=
        "<th class=\"n\">speed</th><th class=\"n\">one step</th><th class=\"wide\"><span class=\"ends\"><span>0</span>"
        "<span>" +
        (longest > 0 ? duration(longest) : "") + "</span></span></th>";
  }
  html += "</tr></thead><tbody>";
  for (const TrainingRun* run : runs) {
    html += "<tr><th scope=\"row\">" + escaped(run->mode) + "<span class=\"soft\">" + run_details(*run, false) +
            "</span></th><td>" + agreement_cell(*run) + "</td>" + (timed ? speed_cells(*run, single, longest) : "") +
            "</tr>";
  }
  html += "</tbody></table></div>";
  if (longest > 0) {
    html += "<ul class=\"legend phases\">";
    for (const TrainingPhase phase : shown) html += phase_key(std::string(name_of(phase)));
    html += phase_key("residual") + "</ul>";
  }
  return html + "</div>";
}

std::string seconds_or_nothing(double seconds) {
  if (!std::isfinite(seconds)) return "";
  return (seconds < 0 ? "\u2212" : "") + duration(std::abs(seconds));
}

Cell row_head(const TrainingRun& run) {
  return words_cell(escaped(run.mode) + "<br><span class=\"soft\">" + run_details(run) + "</span>");
}

std::string phases_table(const std::vector<TrainingRun>& runs) {
  std::set<TrainingPhase> shown;
  for (const TrainingRun& run : runs) {
    if (!has_speed(run) || !run.decomposition) continue;
    for (const PhaseSeconds& phase : run.decomposition->phases) shown.insert(phase.phase);
  }
  std::vector<Cell> heads{words_cell("mode"), number_cell("step")};
  for (const TrainingPhase phase : shown) heads.push_back(number_cell(spoken(phase)));
  heads.push_back(number_cell("residual"));
  std::string rows;
  for (const TrainingRun& run : runs) {
    if (!has_speed(run) || !run.decomposition) continue;
    std::map<TrainingPhase, double> seconds;
    for (const PhaseSeconds& phase : run.decomposition->phases) seconds[phase.phase] += phase.seconds;
    std::vector<Cell> cells{row_head(run), number_cell(duration(run.decomposition->step_seconds))};
    for (const TrainingPhase phase : shown) {
      cells.push_back(number_cell(seconds.count(phase) > 0 ? duration(seconds[phase]) : ""));
    }
    cells.push_back(number_cell(residual_text(*run.decomposition)));
    rows += figures_row(cells);
  }
  return figures_table("A step by phase, in numbers", heads, rows);
}

std::string communication_table(const std::vector<TrainingRun>& runs) {
  std::string rows;
  for (const TrainingRun& run : runs) {
    if (!has_speed(run) || run.ranks < 2) continue;
    const CommunicationSplit split = run.split.value_or(CommunicationSplit{});
    const auto most = std::max_element(run.memory_bytes.begin(), run.memory_bytes.end());
    const double calls = run.collective_calls_per_step, bytes = run.collective_bytes_per_step;
    std::vector<Cell> cells{row_head(run)};
    for (const double seconds :
         {split.alone_seconds, split.exposed_seconds, split.overlapped_seconds, split.contended_seconds}) {
      cells.push_back(number_cell(seconds_or_nothing(seconds)));
    }
    cells.push_back(number_cell(std::isfinite(calls) ? significant(calls) : ""));
    cells.push_back(number_cell(std::isfinite(bytes) ? byte_size(static_cast<std::int64_t>(bytes)) : ""));
    for (const double seconds : {run.straggler_p50_seconds, run.straggler_p99_seconds}) {
      cells.push_back(number_cell(seconds_or_nothing(seconds)));
    }
    cells.push_back(number_cell(most == run.memory_bytes.end() ? "" : byte_size(*most)));
    rows += figures_row(cells);
  }
  std::vector<Cell> heads{words_cell("mode")};
  for (const char* name : {"alone", "exposed", "overlapped", "contended", "calls a step", "bytes a step",
                           "stragglers, p50", "p99", "memory, most of a rank"}) {
    heads.push_back(number_cell(name));
  }
  return figures_table("Communication: alone, exposed, overlapped, contended; calls, bytes, stragglers, memory", heads,
                       rows);
}

std::string losses_text(const std::vector<double>& losses) {
  constexpr std::size_t ends = 4;
  std::string text;
  for (std::size_t step = 0; step < losses.size(); ++step) {
    if (losses.size() > 2 * ends && step >= ends && step + ends < losses.size()) {
      if (step == ends) text += ", \u2026";
      continue;
    }
    text += (text.empty() ? "" : ", ") + significant(losses[step], 4);
  }
  return text;
}

/// With more runs than this, those that passed are told one by one in the JSON alone.
constexpr std::size_t most_runs_told_in_full = 30;

std::string runs_fold(const std::vector<TrainingRun>& runs) {
  std::string html =
      "<details class=\"card\"><summary>Each run: how it was compared, its losses, and the line that "
      "repeats it</summary>";
  const bool is_long = runs.size() > most_runs_told_in_full;
  for (const TrainingRun& run : runs) {
    if (is_long && run.outcome == Outcome::passed) continue;
    const auto pair = [](const std::string& name, const std::string& text) {
      return text.empty() ? "" : "<dt>" + name + "</dt><dd>" + text + "</dd>";
    };
    html += "<h3>" + breakable(run.id) + "</h3><dl class=\"pairs\">" + pair("computed by", escaped(run.executor)) +
            pair("steps", run.steps > 0 ? grouped(run.steps) : "");
    if (run.agreement) {
      const TrainingAgreement& agreement = *run.agreement;
      html +=
          pair("limit", escaped(agreement.tolerance)) + pair("compared", plural(agreement.numbers_compared, "number"));
      std::string distances;
      for (const auto& [name, distance] : {std::pair{"loss", agreement.worst_loss},
                                           {"gradient", agreement.worst_gradient},
                                           {"parameter", agreement.worst_parameter},
                                           {"buffer", agreement.worst_buffer}}) {
        if (std::isnan(distance)) continue;
        distances += std::string(distances.empty() ? "" : ", ") + name + " " + significant(distance, 3);
      }
      html += pair("worst, in limits", distances);
    }
    html += pair("loss by step", losses_text(run.losses)) + pair("note", escaped(run.note)) + "</dl>";
    if (!run.rerun.empty()) {
      html += "<div class=\"rerun\"><code tabindex=\"0\">" + escaped(run.rerun) +
              "</code><button type=\"button\" class=\"copy\">Copy</button></div>";
    }
  }
  if (is_long)
    html +=
        "<p class=\"quiet\">Runs that passed are told one by one in the JSON beside this page, with the line that "
        "repeats each.</p>";
  return html + "</details>";
}

}  // namespace

std::string modes_part(const std::vector<TrainingRun>& runs) {
  if (runs.empty()) return "";
  std::string html;
  for (const Runs& group : comparable(runs)) html += modes_table(group);
  const std::string tables = phases_table(runs) + communication_table(runs);
  if (!tables.empty()) html += "<div class=\"card\">" + tables + "</div>";
  return html + runs_fold(runs);
}

}  // namespace lockstep::reports
