// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/library_list.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "harness/data/error.hpp"
#include "harness/plugin/outside_name.hpp"
#include "suites/drivers/json_numbers.hpp"
#include "suites/drivers/worker_process.hpp"

namespace lockstep {
namespace {

using Json = nlohmann::json;

std::vector<OutsideKernel> kernels_from(const Json& json) {
  std::vector<OutsideKernel> kernels;
  for (const Json& item : json.at("kernels"))
    kernels.push_back(
        {item.at(0), enumerator(item.at(1), Direction::backward), item.at(2), enumerator(item.at(3), DeviceKind::gpu)});
  return kernels;
}

/// Asks a child for the list; `failure` gets the outcome where it has none.
std::vector<OutsideKernel> ask_child(const std::string& program, const std::string& path, double timeout_seconds,
                                     LibraryFailure& failure) {
  WorkerProcess child({program, "describe_library", path});
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::string> lines;
  while (lines.empty()) {
    const double spent = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (spent > timeout_seconds) {
      failure.outcome = Outcome::timed_out;
      failure.reason =
          "loading and listing it did not end after " + std::to_string(static_cast<int>(timeout_seconds)) + " seconds";
      return {};
    }
    pollfd answers{child.answers(), POLLIN, 0};
    if (poll(&answers, 1, 100) <= 0) continue;
    try {
      if (!child.receive(lines)) break;
    } catch (const Error& error) {
      failure.reason = "the process that listed it gave " + std::string(error.what());
      return {};
    }
  }
  if (lines.empty()) {
    const std::string end = child.finish();
    failure.outcome = Outcome::crashed;
    failure.reason =
        "the process that loaded and listed it " + std::string(end.starts_with("killed") ? "was " : "") + end;
    return {};
  }
  try {
    const Json json = Json::parse(lines[0]);
    if (!json.contains("error")) return kernels_from(json);
    failure.reason = json.at("error");
  } catch (const std::exception&) {
    failure.reason = "the process that listed it gave an answer that cannot be read";
  }
  failure.outcome = Outcome::failed;
  return {};
}

/// Names by path; all of them are checked before the first library is asked.
std::map<std::string, std::string> names_of(const std::vector<std::string>& paths) {
  std::map<std::string, std::string> names, paths_by_name;
  for (const std::string& path : paths) {
    if (!std::filesystem::is_regular_file(path))
      throw Error("--load " + path + ": no such file; accepted: a shared library of kernels");
    const std::string name = library_name(path);
    const auto [entry, is_new] = paths_by_name.try_emplace(name, path);
    if (!is_new)
      throw Error("--load " + path + ": " + entry->second + " is called " + name +
                  " too; accepted: libraries of different names");
    names[path] = name;
  }
  return names;
}

std::vector<OutsideKernel> listed(const Catalogue& own, const Selection& selection, const std::string& program,
                                  std::vector<LibraryFailure>& failures) {
  const std::map<std::string, std::string> names = names_of(selection.libraries);
  std::vector<OutsideKernel> all;
  for (const std::string& path : selection.libraries) {
    LibraryFailure failure{.name = names.at(path), .path = path, .outcome = Outcome::failed, .reason = ""};
    const std::vector<OutsideKernel> kernels = ask_child(program, path, selection.timeout_seconds, failure);
    if (!failure.reason.empty()) failures.push_back(failure);
    for (const OutsideKernel& kernel : kernels)
      if (const auto reason = misplaced(own, kernel))
        failures.push_back({kernel.name, path, Outcome::failed, *reason});
      else
        all.push_back(kernel);
  }
  return all;
}

}  // namespace

std::string LibraryFailure::id() const {
  std::string file = std::filesystem::path(path).filename().string();
  std::replace_if(
      file.begin(), file.end(),
      [](char c) { return !std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '_'; }, '_');
  return "library.load/" + name + "/path=" + file;
}

ListedLibraries::ListedLibraries(const Catalogue& own, const Selection& selection, const std::string& program)
    : selection_(selection),
      kernels_(listed(own, selection, program, failures_)),
      catalogue_(extended(own, kernels_)) {}

std::vector<Case> ListedLibraries::select() const {
  if (failures_.empty()) return selection_.select(catalogue_);
  Selection wanted = selection_;
  std::erase_if(wanted.cases, [this](const std::string& id) {
    return std::any_of(failures_.begin(), failures_.end(), [&id](const LibraryFailure& failure) {
      return id.find("/" + failure.name + "/") != std::string::npos ||
             id.find("/" + failure.name + ".") != std::string::npos;
    });
  });
  if (wanted.cases.empty() && !selection_.cases.empty()) return {};
  try {
    return wanted.select(catalogue_);
  } catch (const NothingSelected&) {
    return {};
  }
}

int describe_library(const std::string& path) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int answers = dup(STDOUT_FILENO);
  dup2(STDERR_FILENO, STDOUT_FILENO);  // what the library prints must not garble the answer
  Json json;
  try {
    const KernelLibrary library(path);
    json["kernels"] = Json::array();
    for (const OutsideKernel& kernel : library.kernels())
      json["kernels"].push_back(
          {kernel.operator_name, static_cast<int>(kernel.direction), kernel.name, static_cast<int>(kernel.device)});
  } catch (const std::exception& error) {
    json = {{"error", error.what()}};
  }
  const std::string line = json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  for (std::size_t done = 0; done < line.size();) {
    const ssize_t wrote = write(answers, line.data() + done, line.size() - done);
    if (wrote <= 0) return 1;
    done += static_cast<std::size_t>(wrote);
  }
  return 0;
}

}  // namespace lockstep
