// SPDX-License-Identifier: Apache-2.0
#pragma once
// The spelling of every enumeration in the JSON and on the page. One table each, so that reading and writing agree.

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "reports/report.hpp"

namespace lockstep::reports {

template <typename Enum>
struct EnumNames;

template <>
struct EnumNames<Outcome> {
  static constexpr std::array<std::pair<Outcome, std::string_view>, 7> table{{
      {Outcome::passed, "passed"},
      {Outcome::failed, "failed"},
      {Outcome::blind, "blind"},
      {Outcome::skipped, "skipped"},
      {Outcome::crashed, "crashed"},
      {Outcome::timed_out, "timed_out"},
      {Outcome::refused, "refused"},
  }};
};

template <>
struct EnumNames<Determinism> {
  static constexpr std::array<std::pair<Determinism, std::string_view>, 4> table{{
      {Determinism::yes, "yes"},
      {Determinism::no, "no"},
      {Determinism::not_promised, "not_promised"},
      {Determinism::not_checked, "not_checked"},
  }};
};

template <>
struct EnumNames<FaultStatus> {
  static constexpr std::array<std::pair<FaultStatus, std::string_view>, 5> table{{
      {FaultStatus::caught, "caught"},
      {FaultStatus::missed, "missed"},
      {FaultStatus::equivalent, "equivalent"},
      {FaultStatus::below_resolution, "below_resolution"},
      {FaultStatus::blind, "blind"},
  }};
};

template <>
struct EnumNames<MeasurementKind> {
  static constexpr std::array<std::pair<MeasurementKind, std::string_view>, 4> table{{
      {MeasurementKind::cpu_wall, "cpu_wall"},
      {MeasurementKind::gpu_cold, "gpu_cold"},
      {MeasurementKind::gpu_warm_graph, "gpu_warm_graph"},
      {MeasurementKind::gpu_launch_inclusive, "gpu_launch_inclusive"},
  }};
};

template <>
struct EnumNames<Role> {
  static constexpr std::array<std::pair<Role, std::string_view>, 3> table{{
      {Role::own, "own"},
      {Role::vendor, "vendor"},
      {Role::reference, "reference"},
  }};
};

template <>
struct EnumNames<SampleUnit> {
  static constexpr std::array<std::pair<SampleUnit, std::string_view>, 2> table{{
      {SampleUnit::process_median, "process_median"},
      {SampleUnit::iteration, "iteration"},
  }};
};

template <>
struct EnumNames<TrainingPhase> {
  static constexpr std::array<std::pair<TrainingPhase, std::string_view>, 13> table{{
      {TrainingPhase::input, "input"},
      {TrainingPhase::forward, "forward"},
      {TrainingPhase::backward, "backward"},
      {TrainingPhase::exposed_communication, "exposed_communication"},
      {TrainingPhase::sync_batch_norm, "sync_batch_norm"},
      {TrainingPhase::buffer_broadcast, "buffer_broadcast"},
      {TrainingPhase::scatter_gather, "scatter_gather"},
      {TrainingPhase::parameter_gather, "parameter_gather"},
      {TrainingPhase::clip, "clip"},
      {TrainingPhase::optimizer, "optimizer"},
      {TrainingPhase::straggler_wait, "straggler_wait"},
      {TrainingPhase::bubble, "bubble"},
      {TrainingPhase::communication, "communication"},
  }};
};

template <>
struct EnumNames<TimelineLane> {
  static constexpr std::array<std::pair<TimelineLane, std::string_view>, 2> table{{
      {TimelineLane::compute, "compute"},
      {TimelineLane::communication, "communication"},
  }};
};

template <>
struct EnumNames<ScalingKind> {
  static constexpr std::array<std::pair<ScalingKind, std::string_view>, 2> table{{
      {ScalingKind::weak, "weak"},
      {ScalingKind::strong, "strong"},
  }};
};

template <>
struct EnumNames<SyncBatchNormVariant> {
  static constexpr std::array<std::pair<SyncBatchNormVariant, std::string_view>, 4> table{{
      {SyncBatchNormVariant::whole_batch, "whole_batch"},
      {SyncBatchNormVariant::local, "local"},
      {SyncBatchNormVariant::synchronised, "synchronised"},
      {SyncBatchNormVariant::group, "group"},
  }};
};

template <>
struct EnumNames<StudyVerdict> {
  static constexpr std::array<std::pair<StudyVerdict, std::string_view>, 3> table{{
      {StudyVerdict::supported, "supported"},
      {StudyVerdict::refuted, "refuted"},
      {StudyVerdict::inconclusive, "inconclusive"},
  }};
};

template <typename Enum>
constexpr std::string_view name_of(Enum value) {
  for (const auto& [key, name] : EnumNames<Enum>::table) {
    if (key == value) return name;
  }
  return "unknown";
}

template <typename Enum>
constexpr std::optional<Enum> value_of(std::string_view text) {
  for (const auto& [key, name] : EnumNames<Enum>::table) {
    if (name == text) return key;
  }
  return std::nullopt;
}

// For people: "timed out", "gpu cold".
inline std::string spoken(std::string_view name) {
  std::string text(name);
  for (char& character : text) {
    if (character == '_') character = ' ';
  }
  return text;
}

template <typename Enum>
std::string spoken(Enum value) {
  return spoken(name_of(value));
}

// "passed, failed, blind, ...": for messages.
template <typename Enum>
std::string accepted_names() {
  std::string list;
  for (const auto& [key, name] : EnumNames<Enum>::table) {
    if (!list.empty()) list += ", ";
    list += name;
  }
  return list;
}

}  // namespace lockstep::reports
