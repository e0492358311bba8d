// SPDX-License-Identifier: Apache-2.0
#pragma once
// The spelling of a release's enumerations in its JSON and on its sheet.

#include "reports/enum_names.hpp"
#include "reports/release_report.hpp"

namespace lockstep::reports {

template <>
struct EnumNames<CheckStatus> {
  static constexpr std::array<std::pair<CheckStatus, std::string_view>, 3> table{{
      {CheckStatus::passed, "passed"},
      {CheckStatus::failed, "failed"},
      {CheckStatus::not_checked, "not_checked"},
  }};
};

template <>
struct EnumNames<ReleaseVerdict> {
  static constexpr std::array<std::pair<ReleaseVerdict, std::string_view>, 3> table{{
      {ReleaseVerdict::release, "release"},
      {ReleaseVerdict::hold, "hold"},
      {ReleaseVerdict::nothing_ran, "nothing_ran"},
  }};
};

template <>
struct EnumNames<SpeedVerdict> {
  static constexpr std::array<std::pair<SpeedVerdict, std::string_view>, 4> table{{
      {SpeedVerdict::regressed, "regressed"},
      {SpeedVerdict::improved, "improved"},
      {SpeedVerdict::unchanged, "unchanged"},
      {SpeedVerdict::inconclusive, "inconclusive"},
  }};
};

}  // namespace lockstep::reports
