// SPDX-License-Identifier: Apache-2.0
#include "suites/release/release_run.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "harness/data/random.hpp"
#include "harness/plugin/outside_name.hpp"
#include "reports/number_text.hpp"
#include "suites/drivers/images.hpp"
#include "suites/drivers/interrupt.hpp"
#include "suites/drivers/run_stages.hpp"
#include "suites/release/edge_problems.hpp"
#include "suites/release/release_conditions.hpp"
#include "suites/release/release_findings.hpp"
#include "suites/release/release_timing.hpp"
#include "suites/release/shrink_reasons.hpp"
#include "suites/release/task_stage.hpp"

namespace lockstep {
namespace {

constexpr DType kDtypes[] = {DType::f32, DType::f16, DType::bf16};
constexpr std::int64_t kLargestEdge = 1025;
constexpr int kDrawnPerBase = 24;
constexpr std::int64_t kMostCheckedElements = 1 << 16;

struct PlannedCase {
  std::string check;
  Case item;
};

class ReleaseRun {
 public:
  ReleaseRun(const ReleaseRequest& request, const ReleaseSubject& subject, const std::string& program,
             ReportBuilder& builder)
      : request_(request),
        subject_(subject),
        program_(program),
        builder_(builder),
        findings_(request, subject),
        start_(Clock::now()) {}

  reports::Release judge() {
    if (subject_.failure)
      findings_.hold("complete", "its library cannot be judged: " + std::string(name_of(subject_.failure->outcome)) +
                                     ": " + subject_.failure->reason);
    for (const ReleaseSide& side : subject_.sides) bases_[side.direction] = bases_of(side);
    judge_listed();
    check_accesses();
    stress();
    plant_faults();
    std::vector<reports::AccuracyRow> accuracy = measure_errors();
    judge_huge();
    judge_edges();
    std::vector<reports::SpeedRow> speed = time_release(request_, subject_, program_, findings_, builder_);
    add_conditions(request_, subject_, program_, bases_, findings_);
    judge_streams();
    shrink_reasons(findings_, request_, subject_, program_);
    if (interrupted()) findings_.hold("complete", "the run was interrupted before all was judged");
    for (const reports::SpeedRow& row : speed)
      if (row.verdict == reports::SpeedVerdict::regressed)
        findings_.hold("speed", row.operation + "/" + row.problem + " takes " + reports::significant(row.ratio) +
                                    " times as long as " + request_.baseline + ", and more than " +
                                    reports::significant(1 + request_.allow_slower / 100) + " is proved");
    reports::Release release;
    hold_for_faults(release);
    release.operator_name = request_.operator_name;
    for (const ReleaseSide& side : subject_.sides) release.directions.emplace_back(name_of(side.direction));
    release.candidate = request_.candidate;
    release.baseline = request_.baseline;
    release.allowed_slowdown = request_.allow_slower / 100;
    release.accuracy = std::move(accuracy);
    release.speed = std::move(speed);
    findings_.finish(release);
    return release;
  }

 private:
  using Bases = std::vector<ListedProblem>;

  Bases bases_of(const ReleaseSide& side) const {
    if (request_.problems.empty()) return base_problems(*subject_.entry, side.direction);
    Bases given;
    for (ListedProblem& listed : given_problems(request_, subject_))
      if (listed.problem.direction == side.direction) given.push_back(std::move(listed));
    return given;
  }

  Case candidate(const ReleaseSide& side, ListedProblem listed) const {
    return {subject_.entry->definition, side.candidate, std::move(listed)};
  }

  /// The problems in every dtype; those from the command line in their own alone.
  std::vector<ListedProblem> in_dtypes(const std::vector<ListedProblem>& problems) const {
    if (!request_.problems.empty()) return problems;
    std::vector<ListedProblem> all;
    for (const ListedProblem& listed : problems)
      for (const DType dtype : kDtypes) {
        all.push_back(listed);
        all.back().problem.dtype = dtype;
      }
    return all;
  }

  bool tells_streams(const Implementation& candidate) const {
    return !library_of(candidate).empty() && device_of(candidate, request_, subject_) == DeviceKind::emulated;
  }

  void judge_streams() {
    if (findings_.has_judged("streams"))
      findings_.describe("streams",
                         "every launch belongs on a stream of its own; the emulator names the line of another");
    else
      findings_.not_checked("streams",
                            subject_.sides.empty() || tells_streams(*subject_.sides.front().candidate)
                                ? "none of its launches ended in order"
                            : uses_gpu(request_)
                                ? "every launch goes to a stream of its own, but a kernel that takes another one "
                                  "shows by its results alone"
                                : "needs a GPU, or a library that was built for the emulator");
  }

  /// The smaller listed problems once more, by the candidate's build for the check mode.
  void check_accesses() {
    if (findings_.has_judged("check_mode"))
      return findings_.describe("check_mode", "the same cases: this build looks at every access of its kernels");
    std::string why;
    const std::optional<Selection> machine = under_check_mode(request_, subject_, why);
    if (!machine) return findings_.not_checked("check_mode", why);
    std::vector<Case> items;
    std::vector<Task> tasks;
    for (const Case& item : planned_) {
      if (!is_within(*item.definition, item.problem(), {.elements = kMostCheckedElements, .flops = 1 << 22})) continue;
      items.push_back(item);
      tasks.push_back({.kind = TaskKind::verify, .id = item.id(), .seed = request_.machine.seed});
    }
    const auto results = run_stage("looking at every access", machine->pool(program_), std::move(tasks));
    for (std::size_t i = 0; i < items.size(); ++i) findings_.add_checked(*machine, items[i], results[i]);
    findings_.describe("check_mode", "listed problems and layouts of up to " + reports::grouped(kMostCheckedElements) +
                                         " elements, by the library that was built for it");
  }

  void judge_planned(const std::string& title, const std::vector<PlannedCase>& planned, const PoolOptions& pool,
                     std::optional<Clock::time_point> until = std::nullopt) {
    std::vector<Task> tasks;
    for (const PlannedCase& one : planned)
      tasks.push_back({.kind = TaskKind::verify, .id = one.item.id(), .seed = request_.machine.seed});
    const auto results = run_stage(title, pool, std::move(tasks), until);
    for (std::size_t i = 0; i < planned.size(); ++i) {
      findings_.add_case(planned[i].check, planned[i].item, results[i]);
      if (results[i]) builder_.add_case(planned[i].item, request_.machine.seed, *results[i]);
    }
  }

  bool is_new(const Case& item) { return seen_.insert(item.id()).second; }

  void judge_listed() {
    std::vector<PlannedCase> planned;
    const auto plan = [&](const ReleaseSide& side, const ListedProblem& listed) {
      Case item = candidate(side, listed);
      if (!is_new(item)) return;
      if (listed.set != "layouts") listed_.push_back(item);
      planned_.push_back(item);
      planned.push_back({listed.problem.layout == Layout::contiguous ? "problems" : "layouts", std::move(item)});
    };
    const std::string no_images = images_unavailable();
    const auto& problems = subject_.entry->problems;
    if (!no_images.empty() && request_.problems.empty() &&
        std::any_of(problems.begin(), problems.end(), [](const ListedProblem& one) { return one.set == "images"; }))
      findings_.not_checked("problems", "real images: " + no_images);
    for (const ReleaseSide& side : subject_.sides) {
      if (!request_.problems.empty()) {
        for (const ListedProblem& listed : bases_.at(side.direction)) plan(side, listed);
        continue;
      }
      for (const ListedProblem& listed : subject_.entry->problems)
        if (listed.problem.direction == side.direction && (no_images.empty() || listed.set != "images"))
          plan(side, listed);
      for (const ListedProblem& listed : in_dtypes(layout_problems(bases_.at(side.direction)))) plan(side, listed);
    }
    const bool given = !request_.problems.empty();
    findings_.describe("problems", given ? "those of the command line alone"
                                         : "every listed problem: small ones, edges, layers of published networks");
    findings_.describe("layouts", given ? "those of the command line alone"
                                        : "the listed ones, and one of each kind of call in each layout and dtype");
    judge_planned("judging listed problems", planned, request_.machine.pool(program_));
  }

  void stress() {
    for (const TaskKind kind : {TaskKind::stress, TaskKind::far_strides}) {
      std::vector<Case> items;
      for (const ReleaseSide& side : subject_.sides)
        for (ListedProblem& listed : in_dtypes(bases_.at(side.direction))) {
          if (is_within(*subject_.entry->definition, listed.problem, {})) items.push_back(candidate(side, listed));
          if (kind != TaskKind::stress || !request_.problems.empty()) continue;
          listed.problem.layout = Layout::strided;
          if (is_within(*subject_.entry->definition, listed.problem, {})) items.push_back(candidate(side, listed));
        }
      std::vector<Task> tasks;
      for (const Case& item : items) tasks.push_back({.kind = kind, .id = item.id(), .seed = request_.machine.seed});
      const bool far = kind == TaskKind::far_strides;
      const auto results = run_stage(far ? "rows far apart" : "launching under stress", request_.machine.pool(program_),
                                     std::move(tasks));
      for (std::size_t i = 0; i < items.size(); ++i)
        findings_.add_stress(far ? "far_strides" : "repeated_launches", items[i], results[i]);
    }
    const std::string scratch = reports::byte_size(static_cast<std::int64_t>(findings_.most_scratch_bytes()));
    findings_.describe("repeated_launches", "five launches of one preparation, other poison each time");
    findings_.describe("thread_orders", "forward, reverse and six random orders of threads");
    findings_.describe("determinism", "the bits of all those launches and orders");
    findings_.describe("scratch_memory", "up to " + scratch + ", guarded, NaN before the first launch");
    findings_.describe("least_scratch", "a device that has no byte more");
    findings_.describe("no_scratch", "a device that has none: it must manage or decline in words");
    findings_.describe("graph_capture", "captured once, replayed twice");
    findings_.describe("far_strides", "a view whose rows lie so far apart that offsets need 64 bits");
  }

  void plant_faults() {
    if (!request_.problems.empty())
      return findings_.not_checked("faults", "planted over the listed problems, and problems were given");
    if (listed_.empty() || interrupted()) return;
    judge_faults(listed_, request_.machine, program_, builder_);
    findings_.describe("faults", "declared by the operator and by Lockstep, planted in the listed problems");
  }

  /// The faults of the directions and dtypes in which the candidate was judged; missed and blind ones hold it.
  void hold_for_faults(reports::Release& release) {
    const std::vector<std::string> dtypes = findings_.dtypes();
    std::int64_t applied = 0, unseen = 0;
    for (const reports::FaultResult& fault : builder_.finish({}, "lockstep").faults) {
      if (std::find(dtypes.begin(), dtypes.end(), fault.dtype) == dtypes.end()) continue;
      release.faults.push_back(fault);
      const bool blind = fault.status == reports::FaultStatus::blind,
                 missed = fault.status == reports::FaultStatus::missed;
      if (blind || missed || fault.status == reports::FaultStatus::caught) ++applied;
      if (!blind && !missed) continue;
      ++unseen;
      findings_.hold("faults", fault.operator_name + "." + fault.direction + " in " + fault.dtype + ": no case " +
                                   (blind ? "shows" : "reliably rejects") + " the fault '" + fault.fault +
                                   "', so a pass proves nothing about it");
    }
    if (applied > 0) findings_.count("faults", applied, applied, unseen);
  }

  std::vector<reports::AccuracyRow> measure_errors() {
    std::vector<reports::AccuracyRow> rows;
    struct Asked {
      std::size_t row;
      bool of_candidate;
    };
    std::vector<Asked> asked;
    std::vector<Task> tasks;
    for (const ReleaseSide& side : subject_.sides)
      for (const DType dtype : kDtypes) {
        const std::size_t row = rows.size();
        rows.push_back({.direction = std::string(name_of(side.direction)), .dtype = std::string(name_of(dtype))});
        for (const Case& item : listed_) {
          const Problem& problem = item.problem();
          const bool small = item.listed.set == "smoke" || item.listed.set == "edges" || item.listed.set == "given";
          if (problem.direction != side.direction || problem.dtype != dtype || problem.fill != Fill::normal || !small)
            continue;
          for (const Implementation* one : {side.candidate, side.baseline}) {
            if (!one) continue;
            asked.push_back({row, one == side.candidate});
            tasks.push_back({.kind = TaskKind::errors,
                             .id = Case{item.definition, one, item.listed}.id(),
                             .seed = request_.machine.seed});
          }
        }
      }
    const auto results = run_stage("errors of both", request_.machine.pool(program_), std::move(tasks));
    for (std::size_t i = 0; i < asked.size(); ++i) {
      reports::AccuracyRow& row = rows[asked[i].row];
      add_error(asked[i].of_candidate ? row.candidate : row.baseline, results[i]);
    }
    std::erase_if(rows, [](const reports::AccuracyRow& row) { return row.candidate.cases == 0; });
    return rows;
  }

  void judge_edges() {
    if (!request_.problems.empty())
      return findings_.not_checked("tile_edges", "sizes are drawn from the listed problems, and problems were given");
    std::vector<PlannedCase> planned;
    for (const ReleaseSide& side : subject_.sides)
      for (const ListedProblem& listed :
           in_dtypes(edge_problems(*subject_.entry->definition, bases_.at(side.direction), {}, kLargestEdge,
                                   kDrawnPerBase, request_.machine.seed))) {
        Case item = candidate(side, listed);
        if (is_new(item)) planned.push_back({"tile_edges", std::move(item)});
      }
    // Both directions and all dtypes get their share of the time there is.
    std::stable_sort(planned.begin(), planned.end(), [](const PlannedCase& a, const PlannedCase& b) {
      return hash_name(a.item.id()) < hash_name(b.item.id());
    });
    const double spent = std::chrono::duration<double>(Clock::now() - start_).count();
    // What is listed may have taken all of it; a tenth is for these whatever happened.
    const double seconds = std::max(60 * request_.minutes - spent, 6 * request_.minutes);
    findings_.describe("tile_edges",
                       "each axis, and all at once, at 1 to 5 and around multiples of warps and blocks up "
                       "to " +
                           std::to_string(kLargestEdge));
    judge_planned("judging sizes around tile edges", planned, request_.machine.pool(program_),
                  Clock::now() + std::chrono::milliseconds(static_cast<std::int64_t>(1000 * seconds)));
  }

  void judge_huge() {
    if (!request_.problems.empty())
      return findings_.not_checked("beyond_2_31", "grown from the listed problems, and problems were given");
    std::vector<PlannedCase> planned;
    const double spent = std::chrono::duration<double>(Clock::now() - start_).count();
    for (const ReleaseSide& side : subject_.sides) {
      const auto huge = huge_problem(*subject_.entry->definition, bases_.at(side.direction));
      const std::string direction(name_of(side.direction));
      if (!huge) {
        findings_.not_checked("beyond_2_31", direction + ": no axis of a listed problem can grow that far");
        continue;
      }
      if (const auto why =
              too_large(*huge, findings_.seconds_per_element(side.direction), (60 * request_.minutes - spent) / 2,
                        *subject_.entry->definition, request_.machine, device_of(*side.candidate, request_, subject_)))
        findings_.not_checked("beyond_2_31", direction + ", " + huge->problem.label() + ": " + *why);
      else
        planned.push_back({"beyond_2_31", candidate(side, *huge)});
    }
    findings_.describe("beyond_2_31", "in 16 bits, on a sample of elements; poison and guards are scanned throughout");
    PoolOptions pool = request_.machine.pool(program_);
    pool.workers = 1;
    pool.timeout_seconds = std::max(pool.timeout_seconds, 60 * request_.minutes);
    judge_planned("judging tensors beyond 2^31 elements", planned, pool);
  }

  const ReleaseRequest& request_;
  const ReleaseSubject& subject_;
  const std::string& program_;
  ReportBuilder& builder_;
  ReleaseFindings findings_;
  Clock::time_point start_;
  std::map<Direction, Bases> bases_;
  std::set<std::string> seen_;
  std::vector<Case> planned_, listed_;
};

}  // namespace

reports::Release judge_release(const ReleaseRequest& request, const ReleaseSubject& subject, const std::string& program,
                               ReportBuilder& builder) {
  return ReleaseRun(request, subject, program, builder).judge();
}

}  // namespace lockstep
