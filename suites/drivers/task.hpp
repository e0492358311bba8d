// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/measure/measurement.hpp"
#include "harness/plan/fault_power.hpp"
#include "harness/plan/stress_case.hpp"
#include "harness/plan/verify.hpp"

namespace lockstep {

/// What a worker process can be asked for.
/// verify: judge the case `id`. faults: bring all faults before the judge of the problem `id`
/// (operator.direction/label). measure: time the case `id`. rate: judge the case `id` with fresh data again and again for
/// `seconds` and count. refusal: see whether the case `id`, which the contract refuses, is left alone; `origin` is the label
/// of a problem beside it that the contract takes. stress, far_strides: what a release asks of the case `id`
/// (harness/plan/stress_case.hpp). contract: what the implementation promises for the case `id`. errors: judge the case `id` as if it promised sums in float32 in any order, so that the
/// margins of different implementations have one unit.
enum class TaskKind : std::uint8_t { verify, faults, measure, rate, refusal, stress, far_strides, contract, errors };

struct Task {
  TaskKind kind = TaskKind::verify;
  std::string id;
  std::uint64_t seed = 1;
  Coverage coverage = Coverage::automatic;
  double seconds = 0;
  std::string origin = {};
};

struct TaskResult {
  /// verify; also set, with the outcome crashed or timed_out, for any task whose worker died.
  CaseResult verdict;
  std::vector<FaultTrial> faults;
  std::vector<Measurement> measurements;
  double cases_per_second = 0;
  StressResult stress;
  /// contract; nothing where the implementation does not take the problem.
  std::optional<PrecisionContract> contract;
};

}  // namespace lockstep
