// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reports/release_report.hpp"
#include "suites/drivers/shrinking.hpp"
#include "suites/drivers/task.hpp"
#include "suites/release/release_request.hpp"

namespace lockstep {

/// Gathers what came of the candidate's cases into the lines of the table of checks, the reasons to hold, and what was not
/// checked. A reason stands for all failures of one check, direction and dtype, and shows the one with fewest elements.
class ReleaseFindings {
 public:
  /// A reason to hold and what it takes to see it again.
  struct Held {
    reports::HoldReason reason;
    std::int64_t elements = 0;
    std::optional<Case> item = std::nullopt;
    TrialQuestion question = {};
    Outcome outcome = Outcome::failed;
  };

  /// `subject` and `request` are borrowed.
  ReleaseFindings(const ReleaseRequest& request, const ReleaseSubject& subject);

  /// One case of the candidate, planned for `check`; `result` is empty when it was not reached.
  void add_case(const std::string& check, const Case& item, const std::optional<TaskResult>& result);
  /// What the check mode says of a case; `machine` has the library that was built for it.
  void add_checked(const Selection& machine, const Case& item, const std::optional<TaskResult>& result);
  /// What a task of kind stress or far_strides found. Where its worker died, that counts for `check`.
  void add_stress(const std::string& check, const Case& item, const std::optional<TaskResult>& result);

  /// A failure that is no case's. The message is one sentence.
  void hold(const std::string& check, const std::string& message);
  void condition(const std::string& what, const std::string& why) { conditions_.push_back({what, why}); }
  /// A check that nothing was tried for, or a part of one.
  void not_checked(const std::string& check, const std::string& why);
  /// What was tried, in words.
  void describe(const std::string& check, const std::string& detail);
  /// Counts of a check that is not made of cases.
  void count(const std::string& check, std::int64_t planned, std::int64_t judged, std::int64_t failed);

  /// Cases that the candidate said it does not take, with its reason.
  const std::vector<std::pair<Case, std::string>>& declined() const { return declined_; }
  std::vector<std::string> dtypes() const;
  /// Whether a check had anything to judge so far.
  bool has_judged(const std::string& check) const;
  std::size_t most_scratch_bytes() const { return most_scratch_bytes_; }
  /// Elements that verdicts took, and the seconds they took, over the cases of a direction: how fast this goes here.
  double seconds_per_element(Direction direction) const;

  /// The reasons that a case stands for, in their order.
  std::vector<Held*> held();

  /// Writes all of it into the release.
  void finish(reports::Release& release) const;

 private:
  reports::ReleaseCheck& check(const std::string& name);
  void add_reason(const std::string& check, const Case& item, Held found);
  void judged(const std::string& check, const Case& item, DeviceKind device);
  /// A case or launch of another check also is one of this: determinism, streams.
  void also(const std::string& check, bool failed);
  /// Where the emulator runs a library's kernel, it knows on which stream each launch belongs.
  bool tells_streams(const Case& item, DeviceKind device) const;
  bool contract_takes(const Case& item) const;

  const ReleaseRequest& request_;
  const ReleaseSubject& subject_;
  std::vector<reports::ReleaseCheck> checks_;
  std::vector<std::string> reason_order_;
  std::map<std::string, Held> reasons_;
  std::vector<reports::Reason> conditions_, not_checked_;
  std::vector<std::pair<Case, std::string>> declined_;
  std::map<std::string, std::string> skipped_;  // first reason of a check's skips
  std::map<DType, bool> dtypes_;
  std::map<DeviceKind, bool> devices_;
  std::map<Direction, std::pair<double, double>> rates_;  // seconds, elements
  std::size_t most_scratch_bytes_ = 0;
};

}  // namespace lockstep
