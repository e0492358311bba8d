// SPDX-License-Identifier: Apache-2.0
#include "suites/replay/case_search.hpp"

#include <algorithm>
#include <map>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAccepted = "accepted: a folder that holds case.json or mode.json, or has such folders below it";

bool holds(const fs::path& folder, const char* file) {
  return fs::symlink_status(folder / file).type() != fs::file_type::not_found;
}

class Search {
 public:
  explicit Search(fs::path root) : root_(std::move(root)) {}

  std::vector<FoundCase> run() {
    visit(root_, fs::path());
    return std::move(found_);
  }

 private:
  void visit(const fs::path& folder, const fs::path& below) {
    const bool is_operator = holds(folder, "case.json");
    if (is_operator || holds(folder, "mode.json")) {
      found_.push_back({.folder = folder, .place = below.empty() ? own_name() : below, .is_training = !is_operator});
      return;
    }
    // Links may lead back to a folder above: only those on the way down matter, since a second way to a case is a case.
    const fs::path real = fs::canonical(folder);
    if (std::find(open_.begin(), open_.end(), real) != open_.end()) return;
    open_.push_back(real);
    std::vector<fs::path> names;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      std::error_code broken_link;
      if (entry.is_directory(broken_link)) names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    for (const fs::path& name : names) visit(folder / name, below / name);
    open_.pop_back();
  }

  fs::path own_name() const {
    const fs::path whole = fs::absolute(root_).lexically_normal();
    // "case/" and "." leave an empty last part.
    return whole.has_filename() ? whole.filename() : whole.parent_path().filename();
  }

  fs::path root_;
  std::vector<fs::path> open_;
  std::vector<FoundCase> found_;
};

}  // namespace

std::vector<FoundCase> find_cases(const std::vector<std::string>& folders) {
  std::vector<FoundCase> all;
  std::map<std::string, std::string> taken;
  for (const std::string& folder : folders) {
    std::vector<FoundCase> found;
    try {
      if (!fs::is_directory(folder)) throw Error(folder + ": there is no such folder; " + kAccepted);
      found = Search(folder).run();
    } catch (const fs::filesystem_error& error) {
      throw Error(folder + ": cannot be searched: " + error.path1().string() + ": " + error.code().message());
    }
    if (found.empty()) throw Error(folder + ": holds no case; " + kAccepted);
    for (FoundCase& one : found) {
      const auto [other, is_new] = taken.emplace(one.place.string(), one.folder.string());
      if (!is_new)
        throw Error("the cases " + other->second + " and " + one.folder.string() + " would both write to " +
                    other->first + "; accepted: cases with different paths below the given folders");
      all.push_back(std::move(one));
    }
  }
  return all;
}

}  // namespace lockstep
