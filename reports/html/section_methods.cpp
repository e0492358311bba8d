// SPDX-License-Identifier: Apache-2.0
#include "reports/html/markup.hpp"
#include "reports/html/sections.hpp"
#include "reports/number_text.hpp"

namespace lockstep::reports {
namespace {

std::string row(const std::string& name, const std::string& value) {
  return value.empty() ? "" : "<tr><th scope=\"row\">" + escaped(name) + "</th><td>" + escaped(value) + "</td></tr>";
}

std::string environment_table(const Report& report) {
  const Environment& environment = report.environment;
  std::string rows = row("command", report.run.command) + row("filter", report.run.filter) +
                     row("seed", std::to_string(report.run.seed)) + row("workers", std::to_string(report.run.workers)) +
                     row("exit status", std::to_string(report.run.exit_status)) + row("host", environment.host_name) +
                     row("processor", environment.cpu_model) + row("cores", std::to_string(environment.cores));
  rows += row("memory", environment.memory_bytes > 0 ? byte_size(environment.memory_bytes) : "");
  rows += row("system", environment.os) + row("kernel", environment.kernel) + row("compiler", environment.compiler) +
          row("build type", environment.build_type);
  rows += row("revision", environment.revision + (environment.dirty ? ", with edits on top" : ""));
  rows +=
      row("CUDA", environment.cuda.compiled ? "compiled with " + environment.cuda.toolkit.value_or("an unknown toolkit")
                                            : "not compiled; the emulator runs the kernels");
  if (environment.gpu) {
    rows +=
        row("GPU", environment.gpu->name + ", " + byte_size(environment.gpu->memory_bytes) + ", compute capability " +
                       environment.gpu->compute_capability + ", " + std::to_string(environment.gpu->multiprocessors) +
                       " multiprocessors, L2 " + byte_size(environment.gpu->l2_bytes)) +
        row("driver", environment.gpu->driver);
  } else {
    rows += row("GPU", "none");
  }
  for (const NamedText& library : environment.libraries) rows += row(library.name, library.value);
  return "<details class=\"card\"><summary>The machine, the build and the call</summary><div class=\"scroll\" "
         "tabindex=\"0\"><table "
         "class=\"plain\"><tbody>" +
         rows + "</tbody></table></div></details>";
}

}  // namespace

std::string methods_section(const Report& report, const std::string& json_name) {
  return "<section id=\"methods\"><h2>How to read this</h2><dl class=\"prose\">"
         "<div><dt>Truth</dt><dd>Each operator is written down once, as a template. In float64 it is the truth; over a "
         "type "
         "that carries rounding errors along, it yields the bound and the root mean square of the error for each "
         "single "
         "element of the output.</dd></div>"
         "<div><dt>Gates</dt><dd>An element passes when its error is at most 1 bound and, where rounding is unbiased, "
         "at "
         "most 8 rms; integer-valued inputs must come out bit for bit. Nothing that is not finite passes unless the "
         "truth "
         "is not finite either. Errors in gates count the nearer of the two gates as 1.</dd></div>"
         "<div><dt>Coverage</dt><dd>Large outputs are judged on a random sample of elements and the edges; what was "
         "never "
         "written, is not finite or lies outside the buffer is searched for everywhere.</dd></div>"
         "<div><dt>Speed</dt><dd>Medians with 95 % intervals from order statistics. Two reports are compared over "
         "processes, with an exact sign test where they were taken in turns, and false discoveries are held at 5 % "
         "over "
         "all cases. Unchanged is a finding; where nothing can be said, it says inconclusive.</dd></div></dl>" +
         environment_table(report) +
         "<p class=\"quiet\">The data of this page, raw samples included, lies beside it in <code>" +
         escaped(json_name) + "</code>, which Google Benchmark's tools read as well.</p></section>";
}

}  // namespace lockstep::reports
