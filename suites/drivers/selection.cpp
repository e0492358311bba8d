// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/selection.hpp"

#include <unistd.h>
#include "suites/drivers/options.hpp"

#include <algorithm>
#include <filesystem>
#include <thread>

#include "harness/plan/asked_names.hpp"
#include "suites/drivers/number_checks.hpp"

namespace lockstep {
namespace {

/// What cannot be read, or lacks a shape or a parameter, is no case. What the contract refuses is one, and its outcome.
void check_problem(const Catalogue& catalogue, const Case& item) {
  try {
    refuse_unknown_names(catalogue.find(item.problem().operator_name), item.problem());
    item.definition->signature(item.problem());
  } catch (const Refused&) {
    return;
  } catch (const Error& error) {
    throw Error(item.id() + ": " + error.what());
  }
}

}  // namespace

void Selection::add_worker_options(Options& command) {
  command.add_option("--seed", seed, "seed of the data").check(reject_seed).show_default();
  command.add_option("--out", out, "folder for report.json and report.html");
  command.add_option("--workers", workers, "worker processes (default: one per core)").within(1, 1024);
  command.add_option("--timeout", timeout_seconds, "seconds after which a case is ended")
      .check(reject_amount)
      .show_default();
  command.add_option("--memory-limit", memory_limit_gibibytes, "GiB of address space of a worker (default: no limit)")
      .check(reject_amount);
  command.add_option("--device", device, "auto (the GPU where there is one) or emulated")
      .one_of({"auto", "emulated"})
      .show_default();
}

void Selection::add_options(Options& command) {
  command.add_option("--suite", suite, "smoke, nightly or release").show_default();
  command.add_option("--filter", filters, "only cases whose id matches: * and ? as in a shell, else a substring");
  command.add_option("--case", cases, "exactly this case, listed or not; may be repeated");
  command.add_option("--seeds", seeds, "judge with this many seeds, from --seed on").within(1, 100000).show_default();
  add_worker_options(command);
  command.add_option("--coverage", coverage, "elements judged: automatic (a sample of large outputs), full or sampled")
      .one_of({"automatic", "full", "sampled"})
      .show_default();
  command.add_option("--expect-cases", expect_cases, "fail when fewer cases ran").check(reject_count);
  add_load_option(command);
  add_workspace_option(command);
}

void Selection::add_load_option(Options& command) {
  command.add_option("--load", libraries, "a shared library of kernels, judged beside the tree's own; may be repeated");
}

void Selection::add_workspace_option(Options& command) {
  command.add_option("--workspace-limit", workspace_limit_bytes, "most bytes of workspace for a kernel of --load")
      .check(reject_count)
      .show_default();
}

std::string Selection::rerun_options() const {
  std::string text = device == "auto" ? "" : " --device " + device;
  for (const std::string& library : libraries) {
    const bool is_plain =
        library.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+=,@%:") ==
        std::string::npos;
    text += " --load " + (is_plain ? library : "'" + library + "'");
  }
  if (workspace_limit_bytes != KernelLibrary::kWorkspaceLimitBytes)
    text += " --workspace-limit " + std::to_string(workspace_limit_bytes);
  return text;
}

Coverage Selection::coverage_value() const {
  return coverage == "full" ? Coverage::full : coverage == "sampled" ? Coverage::sampled : Coverage::automatic;
}

int Selection::worker_count() const {
  return workers > 0 ? workers : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

PoolOptions Selection::pool(const std::string& program) const {
  const auto bytes = static_cast<std::uint64_t>(memory_limit_gibibytes * 1073741824.0);
  std::vector<std::string> command{
      program, "worker", "--device", device, "--memory-limit-bytes", std::to_string(bytes)};
  for (const std::string& library : libraries) command.insert(command.end(), {"--load", library});
  command.insert(command.end(), {"--workspace-limit", std::to_string(workspace_limit_bytes)});
  return {.command = std::move(command), .workers = worker_count(), .timeout_seconds = timeout_seconds};
}

std::vector<std::string> sets_of_suite(const std::string& suite) {
  if (suite == "smoke") return {"smoke", "models", "images"};
  if (suite == "nightly" || suite == "release") return {"smoke", "models", "images", "edges"};
  throw Error("unknown suite '" + suite + "'; accepted: smoke, nightly, release");
}

std::vector<Case> Selection::select(const Catalogue& catalogue) const {
  std::vector<Case> selected;
  if (!cases.empty()) {
    for (const std::string& id : cases) {
      selected.push_back(catalogue.parse_case(id));
      check_problem(catalogue, selected.back());
    }
    return selected;
  }
  const std::vector<std::string> sets = sets_of_suite(suite);
  for (Case& item : catalogue.cases(sets)) {
    const std::string id = item.id();
    const bool wanted = filters.empty() || std::any_of(filters.begin(), filters.end(), [&](const std::string& filter) {
                          return matches_pattern(filter, id);
                        });
    if (wanted) selected.push_back(std::move(item));
  }
  if (selected.empty())
    throw NothingSelected("no case of suite '" + suite + "' matches --filter " +
                          (filters.empty() ? "" : filters.front()) + "; `lockstep list --cases` shows them");
  return selected;
}

void prepare_folder(const std::string& out) {
  std::error_code failure;
  std::filesystem::create_directories(out, failure);
  if (failure)
    throw Error("--out " + out + ": cannot be made (" + failure.message() +
                "); accepted: a folder that can be written");
  if (access(out.c_str(), W_OK) != 0)
    throw Error("--out " + out + ": cannot be written; accepted: a folder that can be written");
}

}  // namespace lockstep
