// SPDX-License-Identifier: Apache-2.0
#include "reports/html/release_sheet.hpp"

#include <algorithm>

#include "reports/html/markup.hpp"
#include "reports/html/page_frame.hpp"
#include "reports/number_text.hpp"
#include "reports/release_names.hpp"

namespace lockstep::reports {
namespace {

std::string joined(const std::vector<std::string>& list, const std::string& separator = ", ") {
  std::string text;
  for (const std::string& item : list) text += (text.empty() ? "" : separator) + item;
  return text;
}

const char* tone_of(ReleaseVerdict verdict) {
  switch (verdict) {
    case ReleaseVerdict::release: return "good";
    case ReleaseVerdict::hold: return "bad";
    case ReleaseVerdict::nothing_ran: break;
  }
  return "warning";
}

std::string fact(const std::string& text) { return text.empty() ? "" : "<li>" + escaped(text) + "</li>"; }

std::string facts(const Release& release) {
  const Environment& environment = release.environment;
  return "<ul class=\"facts\">" + fact("release sheet") + fact(environment.date_utc) + fact(environment.cpu_model) +
         fact(environment.gpu ? environment.gpu->name : "no GPU") +
         fact(environment.revision.empty()
                  ? ""
                  : "revision " + environment.revision.substr(0, 12) + (environment.dirty ? ", edited" : "")) +
         fact(release.run.seconds > 0 ? long_duration(release.run.seconds) : "") + "</ul>";
}

std::string rerun_line(const std::string& rerun) {
  return "<div class=\"rerun\"><code>" + escaped(rerun) +
         "</code><button type=\"button\" class=\"copy\">Copy</button></div>";
}

/// "13 passed, 2 failed" and "1 not checked".
std::string tally(const Release& release) {
  const auto count = [&](CheckStatus status) {
    return std::count_if(release.checks.begin(), release.checks.end(),
                         [&](const ReleaseCheck& check) { return check.status == status; });
  };
  const auto failed = count(CheckStatus::failed), not_checked = count(CheckStatus::not_checked);
  return "<div><dt>Checks</dt><dd>" + std::to_string(count(CheckStatus::passed)) + " passed" +
         (failed > 0 ? ", " + std::to_string(failed) + " failed" : "") + " <span class=\"soft\">" +
         (not_checked > 0 ? "<a href=\"#not-checked\">" + std::to_string(not_checked) + " not checked</a>"
                          : std::string("none left out")) +
         "</span></dd></div>";
}

std::string verdict(const Release& release) {
  const ReleaseStatement statement = statement_of(release);
  const bool hold = statement.verdict == ReleaseVerdict::hold;
  std::string html = "<section id=\"verdict\" class=\"hero " + std::string(tone_of(statement.verdict)) + "\">" +
                     facts(release) + "<div class=\"stamp-line\"><h1 class=\"stamp\">" + escaped(statement.lead) +
                     "</h1><p class=\"scope\">" + escaped(statement.scope) + (hold ? ", below" : "") + "</p></div>";
  html += "<dl class=\"subject\"><div><dt>Operator</dt><dd>" + escaped(release.operator_name) +
          " <span class=\"soft\">" + escaped(joined(release.directions, " and ")) +
          (release.dtypes.empty() ? "" : ", " + escaped(joined(release.dtypes))) +
          "</span></dd></div><div><dt>Candidate</dt><dd><code>" + escaped(release.candidate) +
          "</code></dd></div><div><dt>In the place of</dt><dd><code>" + escaped(release.baseline) +
          "</code></dd></div>" + tally(release) + "</dl>";
  if (release.run.interrupted)
    html += "<p class=\"note\">The run was interrupted: what is below is valid, and not all of it.</p>";
  return html + "</section>";
}

std::string title_of_check(const Release& release, const std::string& name) {
  for (const ReleaseCheck& check : release.checks)
    if (check.name == name) return check.title;
  return spoken(std::string_view(name));
}

std::string reasons(const Release& release) {
  if (release.reasons.empty()) return "";
  std::string html = "<section id=\"reasons\"><h2>Why it is held</h2>";
  int number = 0;
  for (const HoldReason& reason : release.reasons) {
    html += "<article class=\"card reason\"><h3><span class=\"soft\">" + std::to_string(++number) + "</span> " +
            escaped(title_of_check(release, reason.check)) + "</h3><p>" + escaped(reason.message) + "</p>";
    if (!reason.id.empty()) {
      html += "<p class=\"soft\">";
      if (reason.cases > 1) html += plural(reason.cases, "case") + " like this; the one with fewest elements: ";
      html += "<code>" + breakable(reason.id) + "</code></p>";
    }
    if (!reason.rerun.empty() && reason.rerun != reason.smallest_rerun) html += rerun_line(reason.rerun);
    if (!reason.smallest.empty())
      html += "<p>The smallest case that still shows it: <code>" + breakable(reason.smallest) + "</code></p>" +
              rerun_line(reason.smallest_rerun);
    html += "</article>";
  }
  return html + "</section>";
}

std::string word_of(const ReleaseCheck& check) {
  switch (check.status) {
    case CheckStatus::passed: return "<td class=\"ok mark-cell\">\u2713 passed</td>";
    case CheckStatus::failed: return "<td class=\"no mark-cell\">\u2717 failed</td>";
    case CheckStatus::not_checked: break;
  }
  return "<td class=\"soft mark-cell\">\u2013 not checked</td>";
}

std::string count_cell(std::int64_t count) {
  return "<td class=\"n\">" + (count == 0 ? std::string("<span class=\"soft\">0</span>") : grouped(count)) + "</td>";
}

std::string checks(const Release& release) {
  std::string html =
      "<section id=\"checks\"><h2>What was checked</h2><div class=\"card scroll\" tabindex=\"0\"><table "
      "class=\"checks\">"
      "<thead><tr><th>check</th><th>result</th><th class=\"n\">judged</th><th class=\"n\">failed</th>"
      "<th class=\"n\">declined</th><th>how, or why not</th></tr></thead><tbody>";
  for (const ReleaseCheck& check : release.checks) {
    const bool ran = check.status != CheckStatus::not_checked;
    html += "<tr><th scope=\"row\">" + escaped(check.title) + "</th>" + word_of(check) +
            (ran ? count_cell(check.judged) + count_cell(check.failed) + count_cell(check.declined)
                 : "<td></td><td></td><td></td>") +
            "<td class=\"soft\">" + escaped(check.detail) + "</td></tr>";
  }
  return html +
         "</tbody></table></div><p class=\"quiet\">Every output is poisoned before a launch and guarded on both sides, "
         "inputs are compared before and after, and every judged element is held against bounds that follow from the "
         "implementation's own promises. Declined: the implementation says that it does not take the problem.</p>"
         "</section>";
}

std::string reason_list(const std::vector<Reason>& list) {
  std::string html = "<dl class=\"card reasons\">";
  for (const Reason& reason : list)
    html += "<div><dt>" + escaped(reason.what) + "</dt><dd>" + escaped(reason.why) + "</dd></div>";
  return html + "</dl>";
}

std::string conditions(const Release& release) {
  if (release.conditions.empty()) return "";
  return "<section id=\"conditions\"><h2>What to know before signing</h2>" + reason_list(release.conditions) +
         "</section>";
}

std::string not_checked(const Release& release) {
  std::string html = "<section id=\"not-checked\"><h2>Not checked here, and why</h2>";
  if (release.not_checked.empty()) return html + "<p class=\"quiet\">Everything on the list was checked.</p></section>";
  return html + "<p class=\"lead\">The verdict says nothing about these.</p>" + reason_list(release.not_checked) +
         "</section>";
}

std::string row(const std::string& name, const std::string& value) {
  return value.empty() ? "" : "<tr><th scope=\"row\">" + name + "</th><td>" + escaped(value) + "</td></tr>";
}

std::string environment(const Release& release, const std::string& json_name, const std::string& report_name) {
  const Environment& machine = release.environment;
  std::string libraries;
  for (const NamedText& library : machine.libraries)
    libraries += (libraries.empty() ? "" : ", ") + library.name + " " + library.value;
  std::string html =
      "<section id=\"environment\"><h2>Where and with what</h2><div class=\"card scroll\" tabindex=\"0\">"
      "<table class=\"plain\"><tbody>";
  html += row("host", machine.host_name) + row("processor", machine.cpu_model) +
          row("cores", machine.cores > 0 ? std::to_string(machine.cores) : "") +
          row("memory", machine.memory_bytes > 0 ? byte_size(machine.memory_bytes) : "");
  if (machine.gpu)
    html += row("GPU", machine.gpu->name) + row("driver", machine.gpu->driver) +
            row("compute capability", machine.gpu->compute_capability);
  html += row("system", machine.os) + row("compiler", machine.compiler) + row("build type", machine.build_type) +
          row("CUDA", machine.cuda.compiled ? "compiled with " + machine.cuda.toolkit.value_or("an unknown toolkit")
                                            : "not compiled") +
          row("libraries", libraries) +
          row("revision", machine.revision + (machine.dirty ? ", with edits on top" : "")) +
          row("seed", std::to_string(release.run.seed)) + row("started", release.run.started_utc) +
          "</tbody></table></div>";
  html += "<h3>To see it again</h3>" + rerun_line(release.run.command);
  std::string beside;
  if (!json_name.empty()) beside += "the numbers in <code>" + escaped(json_name) + "</code>";
  if (!report_name.empty())
    beside += (beside.empty() ? "" : ", ") +
              ("every case in <a href=\"" + escaped(report_name) + "\">" + escaped(report_name) + "</a>");
  if (!beside.empty()) html += "<p class=\"quiet\">Beside this page: " + beside + ".</p>";
  return html + "</section>";
}

std::string signature(const Release& release) {
  const bool may = statement_of(release).verdict == ReleaseVerdict::release;
  const auto line = [](const std::string& label) {
    return "<div><span class=\"blank\"></span><span>" + label + "</span></div>";
  };
  return "<section id=\"signature\"><h2>Decision</h2><p class=\"lead\">" +
         std::string(may ? "Signed for the scope above, and for nothing under \u201cnot checked\u201d."
                         : "Lockstep holds this candidate. A signature here overrides it.") +
         "</p><div class=\"lines-to-sign\">" + line("name") + line("date") + line("signature") + "</div></section>";
}

}  // namespace

std::string render_release(const Release& release, const std::string& json_name, const std::string& report_name) {
  const std::string style = sheet_style(), script = sheet_script();
  const std::string why = reasons(release), speed = sheet_speed(release), kernels = sheet_kernels(release),
                    accuracy = sheet_accuracy(release), faults = sheet_faults(release);
  const auto link = [](const std::string& section, const char* id, const char* name) {
    return section.empty() ? "" : "<a href=\"#" + std::string(id) + "\">" + name + "</a>";
  };
  const std::string title =
      escaped(statement_of(release).lead + " \u00b7 " + release.operator_name + " \u00b7 " + release.candidate) +
      " \u00b7 Lockstep";
  return page_head(title, style, script) +
         top_bar(link(why, "reasons", "Reasons") + "<a href=\"#checks\">Checks</a>" +
                 link(accuracy, "accuracy", "Accuracy") + link(speed, "speed", "Speed") +
                 link(faults, "faults", "Faults") + link(kernels, "kernels", "Kernels") +
                 "<a href=\"#not-checked\">Not checked</a><a href=\"#environment\">Environment</a>"
                 "<a href=\"#signature\">Decision</a>") +
         "<main>" + verdict(release) + why + conditions(release) + checks(release) + accuracy + speed + faults +
         kernels + not_checked(release) + environment(release, json_name, report_name) + signature(release) +
         "</main><footer>This page asks nothing of any network.</footer><script>" + script +
         "</script></body></html>\n";
}

}  // namespace lockstep::reports
