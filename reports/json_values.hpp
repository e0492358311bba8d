// SPDX-License-Identifier: Apache-2.0
#pragma once
// How single values and lists go into the JSON of a report.

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "reports/report_file.hpp"

namespace lockstep::reports {

// JSON has no NaN and no infinity: both become null.
inline Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

// As `number`, for values of which a reader wants to know what they were: "got inf".
inline void put_number(Json& object, const std::string& key, double value) {
  object[key] = number(value);
  if (!std::isfinite(value)) object[key + "_text"] = std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

template <typename T>
Json optional_value(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

inline Json numbers(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(number(value));
  return list;
}

template <typename T, typename Function>
Json list_of(const std::vector<T>& values, Function&& function) {
  Json list = Json::array();
  for (const T& value : values) list.push_back(function(value));
  return list;
}

}  // namespace lockstep::reports
