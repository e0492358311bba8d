// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "suites/drivers/library_list.hpp"
#include "suites/drivers/selection.hpp"
#include "suites/drivers/shrinking.hpp"

namespace lockstep {

/// What `lockstep release` is asked.
struct ReleaseRequest {
  std::string operator_name, candidate, baseline;
  /// forward, backward or both: those that the candidate has.
  std::string direction = "both";
  /// Labels of problems; where there are any, these alone are judged, and nothing is drawn.
  std::vector<std::string> problems;
  double minutes = 10;
  /// Processes per timed problem.
  int rounds = 10;
  /// Percent; proved to be slower than the baseline by more holds the candidate.
  double allow_slower = 5;
  bool no_timing = false;
  /// Seed, workers, time limit, device, folder, and the libraries of kernels from outside.
  Selection machine;
  ShrinkLimits shrinking;
};

/// Candidate and baseline in one direction. The baseline may lack it.
struct ReleaseSide {
  Direction direction = Direction::forward;
  const Implementation* candidate = nullptr;
  const Implementation* baseline = nullptr;
};

/// Whose place whom is to take, looked up.
struct ReleaseSubject {
  const Catalogued* entry = nullptr;
  /// None where the candidate's library could not be loaded or listed.
  std::vector<ReleaseSide> sides;
  std::optional<LibraryFailure> failure = std::nullopt;
  /// What the libraries of the request list.
  std::vector<OutsideKernel> outside = {};
};

/// Throws Error in one line for an unknown operator or implementation, for a direction that the candidate does not have, for
/// a baseline that shares no direction with it or whose library cannot be judged, and for a candidate that is its own
/// baseline.
ReleaseSubject find_subject(const ReleaseRequest& request, const ListedLibraries& libraries);

/// Where an implementation runs on this machine.
DeviceKind device_of(const Implementation& implementation, const ReleaseRequest& request,
                     const ReleaseSubject& subject);
/// Whether a GPU is here and not left aside.
bool uses_gpu(const ReleaseRequest& request);

/// The machine with the candidate's library replaced by its build for the emulator's check mode, NAME_checked.so, where that
/// lies beside it or was given itself. `why` says why there is none.
std::optional<Selection> under_check_mode(const ReleaseRequest& request, const ReleaseSubject& subject,
                                          std::string& why);

/// The problems of `request.problems`, as listed ones of their direction. Throws Error for a label that cannot be read
/// or has a name that the operator does not take, and Refused for a problem that the operator refuses in every direction.
std::vector<ListedProblem> given_problems(const ReleaseRequest& request, const ReleaseSubject& subject);

/// The command lines that judge one problem again, as a release does and by itself.
std::string release_rerun(const ReleaseRequest& request, const Problem& problem);
std::string verify_rerun(const Selection& machine, const std::string& id);

}  // namespace lockstep
