// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/plan/draw_problem.hpp"
#include "suites/drivers/fuzz_table.hpp"
#include "suites/drivers/library_list.hpp"
#include "suites/drivers/report_builder.hpp"
#include "suites/drivers/shrinking.hpp"

namespace lockstep {

struct FuzzOptions {
  Selection selection;
  ShrinkLimits shrinking;
  /// Patterns of names; a whole name of an operator means itself alone.
  std::string operators, implementation = "*";
  double minutes = 1;
  /// How many problems at most (0: as many as the time allows), and the number of the first.
  std::uint64_t cases = 0, first = 0;
};

/// Draws problems of the chosen operators one after the other, has those that the contract takes judged and sees the others
/// refused, until time, number or findings are up.
class Fuzzing {
 public:
  /// Libraries that failed are findings. Throws Error with the names there are where no operator matches. All is borrowed.
  Fuzzing(const FuzzOptions& options, const ListedLibraries& libraries, const std::string& program);

  void run();

  const FuzzTable& table() const { return table_; }
  ReportBuilder& builder() { return builder_; }
  std::int64_t findings() const { return findings_; }
  std::uint64_t problems() const { return problems_; }

 private:
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

  double seconds_spent() const;
  void judge(std::uint64_t first, std::uint64_t count);
  Asked ask(std::uint64_t number, std::vector<Task>& tasks);
  void take(const Asked& asked, const WorkerPool& pool);
  void found(const std::string& what, const std::string& reason);
  void keep(const Asked& asked, const Implementation& implementation, CaseResult verdict);
  void say_progress(std::uint64_t done, std::uint64_t end);

  const FuzzOptions& options_;
  const std::string& program_;
  std::vector<Drawing> drawings_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  FuzzTable table_;
  ReportBuilder builder_;
  std::int64_t findings_ = 0;
  std::uint64_t problems_ = 0;
  int tenths_ = 0;
};

}  // namespace lockstep
