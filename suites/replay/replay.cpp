// SPDX-License-Identifier: Apache-2.0
#include "suites/replay/replay.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <ostream>

#include "harness/data/error.hpp"
#include "harness/data/npy.hpp"
#include "suites/replay/case_search.hpp"
#include "suites/replay/case_verdict.hpp"
#include "suites/replay/training_verdict.hpp"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

/// The folder of one case's results.
class ResultFolder {
 public:
  explicit ResultFolder(fs::path path) : path_(std::move(path)) {
    std::error_code failure;
    fs::create_directories(path_, failure);
    if (failure || !fs::is_directory(path_))
      throw Error("--out: " + path_.string() + " cannot be made (" + failure.message() +
                  "); accepted: a writable folder");
    // What an earlier run said of the case would contradict this one.
    for (const char* stale : {"error.txt", "skipped.txt"}) fs::remove(path_ / stale, failure);
  }
  void write_text(const char* name, const std::string& text) const {
    std::ofstream file(path_ / name);
    file << text << '\n';
    file.flush();
    if (!file) throw Error("--out: " + (path_ / name).string() + " cannot be written; accepted: a writable folder");
  }
  void write_array(const ComputedArray& array) const {
    const fs::path file = path_ / (array.name + ".npy");
    std::error_code failure;
    fs::create_directories(file.parent_path(), failure);
    try {
      write_npy(file.string(), array.got);
    } catch (const Error& error) {
      throw Error("--out: " + std::string(error.what()) + "; accepted: a writable folder");
    }
  }

 private:
  fs::path path_;
};

/// Results written into a case would replace what they are compared with.
void check_places(const std::vector<FoundCase>& cases, const fs::path& out) {
  for (const FoundCase& found : cases) {
    std::error_code missing;
    if (fs::equivalent(found.folder, out / found.place, missing))
      throw Error("--out: the results of " + found.folder.string() +
                  " would go into the case itself; accepted: a folder "
                  "apart from the cases");
  }
}

void write_results(const ResultFolder& folder, const CaseVerdict& verdict) {
  for (const ComputedArray& array : verdict.arrays) folder.write_array(array);
  if (!verdict.refusal.empty()) folder.write_text("error.txt", verdict.refusal);
  if (!verdict.skip_reason.empty()) folder.write_text("skipped.txt", verdict.skip_reason);
}

class Tally {
 public:
  void add(VerdictKind kind) { ++counts_[static_cast<std::size_t>(kind)]; }
  int of(VerdictKind kind) const { return counts_[static_cast<std::size_t>(kind)]; }

  std::string text() const {
    std::string text;
    int all = 0;
    for (std::size_t kind = 0; kind < counts_.size(); ++kind) {
      all += counts_[kind];
      if (counts_[kind] > 0)
        text += ", " + std::to_string(counts_[kind]) + " " + std::string(name_of(static_cast<VerdictKind>(kind)));
    }
    return std::to_string(all) + " cases" + text;
  }
  int exit_status() const {
    int all = 0;
    for (const int count : counts_) all += count;
    if (of(VerdictKind::unreadable) > 0) return 2;
    if (of(VerdictKind::not_served) == all) return 3;
    const int good = of(VerdictKind::agreed) + of(VerdictKind::computed) + of(VerdictKind::refused_as_it_must);
    return good == all ? 0 : 1;
  }

 private:
  std::array<int, kVerdictKinds> counts_{};
};

}  // namespace

int replay(const ReplayOptions& options, const Catalogue& catalogue, std::ostream& out, std::ostream& err) {
  if (options.folders.empty()) throw Error("replay: no case is given; accepted: folders of cases");
  if (options.out.empty()) throw Error("replay: --out is missing; accepted: a folder for the results");
  const DType by_default = options.implementation == "reference" ? DType::f64 : DType::f32;
  ReplayMachine machine(catalogue, options.implementation, options.dtype.value_or(by_default));
  const std::vector<FoundCase> cases = find_cases(options.folders);
  const fs::path results(options.out);
  check_places(cases, results);

  Tally tally;
  for (const FoundCase& found : cases) {
    const ResultFolder folder(results / found.place);
    CaseVerdict verdict = found.is_training
                              ? judge_training(found.folder, catalogue, options.implementation, machine.dtype())
                              : judge_case(found.folder, catalogue, machine);
    if (verdict.kind == VerdictKind::not_served && verdict.skip_reason.empty()) verdict.skip_reason = verdict.text;
    write_results(folder, verdict);
    tally.add(verdict.kind);
    out << found.place.string() << ": " << name_of(verdict.kind);
    if (!verdict.text.empty()) out << " (" << one_line(verdict.text) << ")";
    out << std::endl;  // flushed: the line tells the progress
    if (verdict.kind == VerdictKind::unreadable) err << "lockstep: " << one_line(verdict.text) << '\n';
  }
  if (cases.size() > 1) out << tally.text() << '\n';
  return tally.exit_status();
}

}  // namespace lockstep
