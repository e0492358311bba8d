// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/fuzzing.hpp"

#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "suites/drivers/interrupt.hpp"
#include "suites/drivers/progress.hpp"
#include "suites/operators/parameter_limits.hpp"

namespace lockstep {
namespace {

// Problems whose results are held at a time; more only when those have been counted.
constexpr std::uint64_t kProblemsAtATime = 32;
// Rows of the report: beyond these one mends before one looks for more.
constexpr std::int64_t kMostFindings = 200;
constexpr const char* kReference = "reference.plain_float";

}  // namespace

Fuzzing::Fuzzing(const FuzzOptions& options, const ListedLibraries& libraries, const std::string& program)
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

void Fuzzing::run() {
  std::uint64_t number = options_.first;
  const std::uint64_t end = options_.cases > 0 ? options_.first + options_.cases : ~std::uint64_t{0};
  while (number < end && seconds_spent() < 60 * options_.minutes && !interrupted() && findings_ < kMostFindings) {
    const std::uint64_t batch = std::min(kProblemsAtATime, end - number);
    judge(number, batch);
    number += batch;
    say_progress(number - options_.first, end);
  }
  if (isatty(STDERR_FILENO) != 0) std::cerr << "\n";
  problems_ = number - options_.first;
}

double Fuzzing::seconds_spent() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Fuzzing::judge(std::uint64_t first, std::uint64_t count) {
  std::vector<Task> tasks;
  std::vector<Asked> asked;
  for (std::uint64_t number = first; number < first + count; ++number) asked.push_back(ask(number, tasks));
  WorkerPool pool(options_.selection.pool(program_), std::move(tasks));
  pool.wait_for_all([](std::size_t, const TaskResult&) {});
  for (const Asked& one : asked) take(one, pool);
}

Fuzzing::Asked Fuzzing::ask(std::uint64_t number, std::vector<Task>& tasks) {
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

void Fuzzing::take(const Asked& asked, const WorkerPool& pool) {
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
    table_.add(operation, implementation->name(), std::string(name_of(verdict.outcome)), verdict.reason, asked.number);
    keep(asked, *implementation, std::move(verdict));
  }
}

void Fuzzing::found(const std::string& what, const std::string& reason) {
  ++findings_;
  std::cout << "found: " << what << "\n  " << reason << "\n" << std::flush;
}

void Fuzzing::keep(const Asked& asked, const Implementation& implementation, CaseResult verdict) {
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

void Fuzzing::say_progress(std::uint64_t done, std::uint64_t end) {
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

}  // namespace lockstep
