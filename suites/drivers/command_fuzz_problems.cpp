// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>
#include "suites/drivers/options.hpp"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>

#include "harness/plan/draw_problem.hpp"
#include "reports/report_file.hpp"
#include "suites/drivers/cli.hpp"
#include "suites/drivers/environment.hpp"
#include "suites/drivers/fuzz_table.hpp"
#include "suites/drivers/interrupt.hpp"
#include "suites/drivers/library_list.hpp"
#include "suites/drivers/number_checks.hpp"
#include "suites/drivers/progress.hpp"
#include "suites/drivers/run_stages.hpp"
#include "suites/drivers/shrinking.hpp"
#include "suites/operators/parameter_limits.hpp"

namespace lockstep {
namespace {

using Clock = std::chrono::steady_clock;

// Problems whose results are held at a time; more only when those have been counted.
constexpr std::uint64_t kProblemsAtATime = 32;
// Rows of the report: beyond these one mends before one looks for more.
constexpr std::int64_t kMostFindings = 200;
constexpr const char* kReference = "reference.plain_float";

struct FuzzOptions {
  Selection selection;
  ShrinkLimits shrinking;
  std::string operators, implementation = "*";
  double minutes = 1;
  std::uint64_t cases = 0, first = 0;
};

struct Drawing {
  const Catalogued* entry;
  ProblemDrawer drawer;
};

/// One drawn problem and the tasks that came of it.
struct Asked {
  std::uint64_t number = 0;
  const Catalogued* entry = nullptr;
  DrawnProblem drawn;
  std::optional<std::size_t> reference;  // judges what the contract says of the data
  std::vector<std::pair<std::size_t, const Implementation*>> tasks;
};

class Fuzzing {
 public:
  Fuzzing(const FuzzOptions& options, const ListedLibraries& libraries, const std::string& program)
      : options_(options), program_(program) {
    builder_.set_rerun_options(options.selection.rerun_options());
    for (const LibraryFailure& failure : libraries.failures()) {
      builder_.add_library_failure(failure);
      found(failure.path, std::string(name_of(failure.outcome)) + ": " + failure.reason);
    }
    // A whole name means itself alone, though others begin with it.
    const std::vector<Catalogued>& all = libraries.catalogue().operators();
    const bool is_name = std::any_of(
        all.begin(), all.end(), [&](const Catalogued& entry) { return entry.definition->name() == options.operators; });
    for (const Catalogued& entry : all) {
      const std::string_view name = entry.definition->name();
      if (is_name ? name != options.operators : !matches_pattern(options.operators, name)) continue;
      ProblemDrawer drawer(entry, parameter_limits(name));
      if (drawer.can_draw()) drawings_.push_back({&entry, std::move(drawer)});
    }
    if (drawings_.empty()) libraries.catalogue().find(options.operators);  // throws with the names there are
  }

  void run() {
    std::uint64_t number = options_.first;
    const std::uint64_t end = options_.cases > 0 ? options_.first + options_.cases : ~std::uint64_t{0};
    while (number < end && seconds_left() > 0 && !interrupted() && findings_ < kMostFindings) {
      const std::uint64_t batch = std::min(kProblemsAtATime, end - number);
      judge(number, batch);
      number += batch;
      say_progress(number - options_.first, end);
    }
    if (isatty(STDERR_FILENO) != 0) std::cerr << "\n";
    problems_ = number - options_.first;
  }

  const FuzzTable& table() const { return table_; }
  ReportBuilder& builder() { return builder_; }
  std::int64_t findings() const { return findings_; }
  std::uint64_t problems() const { return problems_; }

 private:
  double seconds_spent() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  double seconds_left() const { return 60 * options_.minutes - seconds_spent(); }

  void judge(std::uint64_t first, std::uint64_t count) {
    std::vector<Task> tasks;
    std::vector<Asked> asked;
    for (std::uint64_t number = first; number < first + count; ++number) asked.push_back(ask(number, tasks));
    WorkerPool pool(options_.selection.pool(program_), std::move(tasks));
    pool.wait_for_all([](std::size_t, const TaskResult&) {});
    for (const Asked& one : asked) take(one, pool);
  }

  Asked ask(std::uint64_t number, std::vector<Task>& tasks) {
    const Drawing& drawing = drawings_[number % drawings_.size()];
    Asked asked{number, drawing.entry, drawing.drawer.draw(options_.selection.seed, number), {}, {}};
    const Problem& problem = asked.drawn.problem;
    const bool takes = asked.drawn.contract.takes();
    for (const Implementation& implementation : drawing.entry->implementations) {
      if (implementation.direction != problem.direction) continue;
      const std::string name = implementation.name();
      const bool is_reference = name == kReference;
      if (!is_reference && !matches_pattern(options_.implementation, name)) continue;
      if (is_reference) asked.reference = tasks.size();
      asked.tasks.emplace_back(tasks.size(), &implementation);
      tasks.push_back({.kind = takes ? TaskKind::verify : TaskKind::refusal,
                       .id = problem.operation() + "/" + name + "/" + problem.label(),
                       .seed = options_.selection.seed,
                       .origin = takes ? "" : asked.drawn.origin.label()});
    }
    return asked;
  }

  void take(const Asked& asked, const WorkerPool& pool) {
    const std::string operation = asked.drawn.problem.operation();
    const Contract& contract = asked.drawn.contract;
    const TaskResult* reference = asked.reference ? pool.result(*asked.reference) : nullptr;
    const bool refused_by_data = contract.takes() && reference && reference->verdict.outcome == Outcome::refused;
    if (!contract.takes())
      table_.add(operation, contract.is_malformed ? "malformed" : "refused", contract.refusal, asked.number);
    else if (refused_by_data)
      table_.add(operation, "refused", reference->verdict.reason, asked.number);
    else
      table_.add(operation, "accepted", "", asked.number);
    for (const auto& [index, implementation] : asked.tasks) {
      const TaskResult* result = pool.result(index);
      if (!result) continue;  // interrupted
      CaseResult verdict = result->verdict;
      if (verdict.outcome == Outcome::skipped)
        table_.add(operation, implementation->name(), "unsupported", verdict.reason, asked.number);
      if (verdict.outcome == Outcome::refused && contract.takes() && !refused_by_data) {
        verdict.outcome = Outcome::failed;
        verdict.reason = "refuses what the contract takes: " + verdict.reason;
      }
      if (verdict.outcome == Outcome::passed || verdict.outcome == Outcome::skipped ||
          verdict.outcome == Outcome::refused)
        continue;
      table_.add(operation, implementation->name(), std::string(name_of(verdict.outcome)), verdict.reason,
                 asked.number);
      keep(asked, *implementation, std::move(verdict));
    }
  }

  void found(const std::string& what, const std::string& reason) {
    ++findings_;
    std::cout << "found: " << what << "\n  " << reason << "\n" << std::flush;
  }

  void keep(const Asked& asked, const Implementation& implementation, CaseResult verdict) {
    if (findings_ >= kMostFindings) {
      ++findings_;
      return;
    }
    const Case item{
        asked.entry->definition,
        &implementation,
        {asked.drawn.problem, "fuzz",
         "drawn as number " + std::to_string(asked.number) + " of seed " + std::to_string(options_.selection.seed)}};
    TaskResult result;
    result.verdict = std::move(verdict);
    builder_.add_case(item, options_.selection.seed, result);
    found("number " + std::to_string(asked.number) + ", " + item.id(), result.verdict.reason);
  }

  void say_progress(std::uint64_t done, std::uint64_t end) {
    const double by_time = seconds_spent() / (60 * options_.minutes);
    const double by_number =
        options_.cases > 0 ? static_cast<double>(done) / static_cast<double>(end - options_.first) : 0;
    const double share = std::min(1.0, std::max(by_time, by_number));
    const std::string line = "fuzzing: " + std::to_string(done) + " problems, " + std::to_string(findings_) +
                             " findings, " + duration_text(seconds_spent() / share - seconds_spent()) + " left";
    if (isatty(STDERR_FILENO) != 0) {
      std::cerr << "\r" << line << "          " << std::flush;
    } else if (static_cast<int>(10 * share) > tenths_) {
      tenths_ = static_cast<int>(10 * share);
      std::cerr << line << "\n";
    }
  }

  const FuzzOptions& options_;
  const std::string& program_;
  std::vector<Drawing> drawings_;
  Clock::time_point start_ = Clock::now();
  FuzzTable table_;
  ReportBuilder builder_;
  std::int64_t findings_ = 0;
  std::uint64_t problems_ = 0;
  int tenths_ = 0;
};

int fuzz(const FuzzOptions& options, const Surroundings& surroundings) {
  const std::string started = utc_now();
  if (!options.selection.out.empty()) prepare_folder(options.selection.out);
  const ListedLibraries libraries(surroundings.catalogue, options.selection, surroundings.program);
  Fuzzing fuzzing(options, libraries, surroundings.program);
  std::cout << "seed " << options.selection.seed << ", numbers from " << options.first << "\n" << std::flush;
  const InterruptGuard guard;
  fuzzing.run();

  reports::Run description;
  description.command = surroundings.command_line;
  description.suite = "fuzz";
  description.filter = options.operators;
  description.seed = options.selection.seed;
  description.started_utc = started;
  description.workers = options.selection.worker_count();
  reports::Report report = fuzzing.builder().finish(description, "lockstep");
  report.run.interrupted = interrupted();
  report.fuzzing = {.first = options.first, .rows = fuzzing.table().rows()};
  shrink_failures(report, libraries.catalogue(), options.selection, surroundings.program, options.shrinking,
                  options.selection.out);
  const FuzzTable& table = fuzzing.table();
  const int status = interrupted()                                          ? kInterrupted
                     : fuzzing.findings() > 0                               ? kFailed
                     : table.count("accepted") + table.count("refused") > 0 ? kPassed
                                                                            : kNothingRan;
  report.run.exit_status = status;
  std::cout << table.text() << fuzzing.problems() << " problems drawn with seed " << options.selection.seed << ": "
            << table.count("accepted") << " taken by the contract, " << table.count("refused") << " refused, "
            << table.count("malformed") << " malformed; " << fuzzing.findings() << " findings\n";
  if (!options.selection.out.empty()) write_reports(report, options.selection.out);
  return status;
}

}  // namespace

CommandBody add_fuzz_command(Options& command, const Surroundings& surroundings) {
  auto options = std::make_shared<FuzzOptions>();
  options->selection.timeout_seconds = 30;
  command.add_option("OPERATOR", options->operators, "an operator, or a pattern of several: '*' for all").required();
  command
      .add_option("--implementation", options->implementation,
                  "only implementations that match: * and ? as in a shell, else a substring; the reference always runs")
      .show_default();
  command.add_option("--minutes", options->minutes, "how long problems are drawn and judged")
      .check(reject_amount)
      .show_default();
  command.add_option("--cases", options->cases, "at most this many problems (default: as many as the time allows)")
      .check(reject_count);
  command.add_option("--first", options->first, "number of the first problem: with --cases 1 that one again")
      .check(reject_count)
      .show_default();
  options->selection.add_worker_options(command);
  options->selection.add_load_option(command);
  options->selection.add_workspace_option(command);
  options->shrinking.add_options(command);
  command.footer(
      "The same seed and number give the same problem. Problems that the contract takes are judged by every gate; the "
      "others must be refused. The table says which were taken and why others were not.");
  return [=](const std::vector<std::string>&) -> int { return fuzz(*options, surroundings); };
}

}  // namespace lockstep
