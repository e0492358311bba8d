// SPDX-License-Identifier: Apache-2.0
#include "suites/release/release_request.hpp"

#include <algorithm>
#include <filesystem>

#include "harness/device/device.hpp"
#include "harness/plan/asked_names.hpp"
#include "harness/plugin/outside_name.hpp"

namespace lockstep {
namespace {

const Implementation* find_implementation(const Catalogued& entry, Direction direction, const std::string& name) {
  for (const Implementation& implementation : entry.implementations)
    if (implementation.direction == direction && implementation.name() == name) return &implementation;
  return nullptr;
}

std::string known_implementations(const Catalogued& entry) {
  std::vector<std::string> names;
  for (const Implementation& implementation : entry.implementations) {
    const std::string name = implementation.name();
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

std::string directions_of(const Catalogued& entry, const std::string& name) {
  std::string list;
  for (const Direction direction : {Direction::forward, Direction::backward})
    if (find_implementation(entry, direction, name))
      list += (list.empty() ? "" : ", ") + std::string(name_of(direction));
  return list;
}

std::vector<Direction> directions_asked(const std::string& text) {
  if (text == "forward") return {Direction::forward};
  if (text == "backward") return {Direction::backward};
  return {Direction::forward, Direction::backward};
}

/// What kept a named implementation from being listed, if it was that.
std::optional<LibraryFailure> failure_of(const std::string& name, const ListedLibraries& libraries) {
  const std::string owner(owner_in_name(name));
  for (const LibraryFailure& failure : libraries.failures())
    if (failure.name == name || failure.name == owner) return failure;
  return std::nullopt;
}

}  // namespace

ReleaseSubject find_subject(const ReleaseRequest& request, const ListedLibraries& libraries) {
  ReleaseSubject subject{.entry = &libraries.catalogue().find(request.operator_name), .sides = {}};
  subject.outside = libraries.kernels();
  const Catalogued& entry = *subject.entry;
  if (const auto failure = failure_of(request.baseline, libraries))
    throw Error("--baseline " + request.baseline + ": its library cannot be judged: " + failure->reason);
  subject.failure = failure_of(request.candidate, libraries);
  if (subject.failure) return subject;
  for (const auto& [option, name] : {std::pair("--candidate ", request.candidate), {"--baseline ", request.baseline}})
    if (directions_of(entry, name).empty())
      throw Error(option + name + ": no such implementation of " + request.operator_name +
                  "; accepted: " + known_implementations(entry));
  if (request.candidate == request.baseline)
    throw Error("--baseline " + request.baseline + " is the candidate itself; accepted: another implementation");
  bool shared = false;
  for (const Direction direction : directions_asked(request.direction)) {
    const Implementation* candidate = find_implementation(entry, direction, request.candidate);
    if (!candidate) continue;
    subject.sides.push_back({direction, candidate, find_implementation(entry, direction, request.baseline)});
    shared = shared || subject.sides.back().baseline;
  }
  if (subject.sides.empty())
    throw Error("--direction " + request.direction + ": " + request.candidate +
                " does not have it; accepted: " + directions_of(entry, request.candidate));
  if (!shared)
    throw Error("--baseline " + request.baseline + " has " + directions_of(entry, request.baseline) + " and " +
                request.candidate + " has " + directions_of(entry, request.candidate) +
                "; accepted: two that share a direction");
  return subject;
}

std::vector<ListedProblem> given_problems(const ReleaseRequest& request, const ReleaseSubject& subject) {
  std::vector<ListedProblem> problems;
  for (const std::string& label : request.problems) {
    std::string refusal;
    bool taken = false;
    for (const ReleaseSide& side : subject.sides) {
      Problem problem = parse_problem(request.operator_name + "." + std::string(name_of(side.direction)), label);
      refuse_unknown_names(*subject.entry, problem);
      try {
        subject.entry->definition->signature(problem);
      } catch (const Refused& refused) {
        refusal = refused.what();
        continue;
      }
      taken = true;
      problems.push_back({std::move(problem), "given", "the command line"});
    }
    if (!taken) throw Refused("--problem " + label + ": " + refusal);
  }
  return problems;
}

std::string release_rerun(const ReleaseRequest& request, const Problem& problem) {
  return "lockstep release " + request.operator_name + " --candidate " + request.candidate + " --baseline " +
         request.baseline + request.machine.rerun_options() + " --direction " +
         std::string(name_of(problem.direction)) + " --problem " + problem.label() + " --seed " +
         std::to_string(request.machine.seed);
}

std::string verify_rerun(const Selection& machine, const std::string& id) {
  return "lockstep verify" + machine.rerun_options() + " --case " + id + " --seed " + std::to_string(machine.seed);
}

bool uses_gpu(const ReleaseRequest& request) { return request.machine.device == "auto" && gpu_unavailable().empty(); }

DeviceKind device_of(const Implementation& implementation, const ReleaseRequest& request,
                     const ReleaseSubject& subject) {
  for (const OutsideKernel& kernel : subject.outside)
    if (kernel.name == implementation.idea) return kernel.device;
  if (runs_on(implementation.backend, DeviceKind::cpu)) return DeviceKind::cpu;
  return uses_gpu(request) ? DeviceKind::gpu : DeviceKind::emulated;
}

std::optional<Selection> under_check_mode(const ReleaseRequest& request, const ReleaseSubject& subject,
                                          std::string& why) {
  const std::string owner = subject.sides.empty() ? "" : std::string(library_of(*subject.sides.front().candidate));
  for (std::size_t i = 0; i < request.machine.libraries.size(); ++i) {
    const std::filesystem::path given = request.machine.libraries[i];
    if (owner.empty() || library_name(given.string()) != owner) continue;
    std::string stem = given.stem().string();
    for (const std::string_view flavour : {"_emulated", "_checked"})
      if (stem.ends_with(flavour)) stem.erase(stem.size() - flavour.size());
    const std::filesystem::path checked = given.parent_path() / (stem + "_checked.so");
    if (!std::filesystem::exists(checked)) {
      why = "no " + checked.filename().string() + " lies beside " + given.filename().string();
      return std::nullopt;
    }
    Selection machine = request.machine;
    machine.libraries[i] = checked.string();
    return machine;
  }
  const bool is_kernel =
      !subject.sides.empty() && device_of(*subject.sides.front().candidate, request, subject) != DeviceKind::cpu;
  why = is_kernel ? "the kernels of this build do not look at every access; those of the preset `check` do"
                  : "only the emulator looks at every access";
  return std::nullopt;
}

}  // namespace lockstep
