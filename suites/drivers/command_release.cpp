// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include "suites/drivers/options.hpp"

#include "reports/html/release_sheet.hpp"
#include "reports/release_file.hpp"
#include "suites/drivers/cli.hpp"
#include "suites/drivers/dump.hpp"
#include "suites/drivers/environment.hpp"
#include "suites/drivers/interrupt.hpp"
#include "suites/drivers/number_checks.hpp"
#include "suites/drivers/run_stages.hpp"
#include "suites/release/kernel_figures.hpp"
#include "suites/release/release_run.hpp"

namespace lockstep {
namespace {

int run_release(const ReleaseRequest& request, const Surroundings& surroundings) {
  const auto start = std::chrono::steady_clock::now();
  const ListedLibraries libraries(surroundings.catalogue, request.machine, surroundings.program);
  const ReleaseSubject subject = find_subject(request, libraries);
  if (!subject.failure) given_problems(request, subject);  // a label that cannot be read is said before anything runs
  const std::filesystem::path folder(request.machine.out);
  prepare_folder(request.machine.out);
  reports::Run run;
  run.command = surroundings.command_line;
  run.suite = "release";
  run.seed = request.machine.seed;
  run.started_utc = utc_now();
  run.workers = request.machine.worker_count();
  std::cout << "seed " << request.machine.seed << "\n" << std::flush;

  const InterruptGuard guard;
  ReportBuilder builder;
  builder.set_rerun_options(request.machine.rerun_options());
  for (const LibraryFailure& failure : libraries.failures()) builder.add_library_failure(failure);
  reports::Release release = judge_release(request, subject, surroundings.program, builder);
  run.interrupted = interrupted();
  run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  release.run = run;
  release.environment = describe_environment();
  if (const auto why = read_kernel_figures(std::filesystem::path(surroundings.program).parent_path(), subject, release))
    release.not_checked.push_back({"Registers, spills and shared memory of its kernels", *why});
  release.run.exit_status = run.exit_status = reports::exit_status_of(release);

  reports::Report report = builder.finish(run, "lockstep");
  dump_failures(report, libraries.catalogue(), request.machine.out);
  write_reports(report, request.machine.out);
  reports::write_release(folder / "release.json", release);
  reports::write_text_atomically(folder / "release.html", reports::render_release(release));
  std::cout << "sheet:  " << (folder / "release.html").string() << "\n\n" << reports::release_text(release);
  return run.exit_status;
}

}  // namespace

CommandBody add_release_command(Options& command, const Surroundings& surroundings) {
  auto request = std::make_shared<ReleaseRequest>();
  request->machine.out = "lockstep-release";
  command.add_option("OPERATOR", request->operator_name, "as `lockstep list` names it").required();
  command.add_option("--candidate", request->candidate, "the implementation to be released, such as cuda.tiled")
      .required();
  command.add_option("--baseline", request->baseline, "the implementation whose place it takes").required();
  command.add_option("--direction", request->direction, "forward, backward or both (those that the candidate has)")
      .one_of({"forward", "backward", "both"})
      .show_default();
  command.add_option("--problem", request->problems,
                     "judge this problem alone, such as x=8x64,dtype=f32; may be repeated");
  command
      .add_option("--minutes", request->minutes,
                  "time to aim for: what is listed is always judged, sizes drawn around tile edges take the rest")
      .check(reject_amount)
      .show_default();
  command.add_option("--rounds", request->rounds, "processes per timed problem; six or more for an interval")
      .within(1, 1000)
      .show_default();
  command.add_option("--allow-slower", request->allow_slower, "percent by which it may be slower than the baseline")
      .check(reject_amount)
      .show_default();
  command.add_flag("--no-timing", request->no_timing, "judge only");
  request->shrinking.add_options(command);
  request->machine.add_worker_options(command);
  request->machine.add_load_option(command);
  request->machine.add_workspace_option(command);
  command.footer(
      "Exit status: 0 RELEASE; 1 HOLD; 2 the call was wrong; 3 nothing ran; 130 interrupted, with a valid sheet. The "
      "verdict names its scope, and claims nothing that was not run.");
  return [=](const std::vector<std::string>&) -> int { return run_release(*request, surroundings); };
}

}  // namespace lockstep
