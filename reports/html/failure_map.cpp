// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>

#include "reports/html/markup.hpp"
#include "reports/html/sections.hpp"
#include "reports/number_text.hpp"

namespace lockstep::reports {
namespace {

constexpr std::size_t level_count = 6;
constexpr std::array<double, level_count - 1> level_limits{0.1, 0.5, 1, 4, 32};
constexpr std::array<const char*, level_count + 1> level_names{"up to 0.1", "up to 0.5", "up to 1",   "up to 4",
                                                               "up to 32",  "above 32",  "not finite"};

std::size_t level_of(double error) {
  if (!std::isfinite(error)) return level_count;
  std::size_t level = 0;
  while (level < level_limits.size() && !(error <= level_limits[level])) ++level;
  return level;
}

// One path per level, equal neighbours in a row joined: a map of 32 x 64 tiles stays at a few kilobytes.
std::string cell_paths(const FailureMap& map, std::array<bool, level_count + 1>& used) {
  std::array<std::string, level_count + 1> paths;
  for (int row = 0; row < map.rows; ++row) {
    for (int column = 0; column < map.columns;) {
      const auto cell = [&](int at) {
        return map.cells[static_cast<std::size_t>(row) * static_cast<std::size_t>(map.columns) +
                         static_cast<std::size_t>(at)];
      };
      const std::size_t level = level_of(cell(column));
      int end = column + 1;
      while (end < map.columns && level_of(cell(end)) == level) ++end;
      used[level] = true;
      // The lowest level is the ground under all others.
      if (level > 0)
        paths[level] += "M" + std::to_string(column) + " " + std::to_string(row) + "h" + std::to_string(end - column) +
                        "v1h-" + std::to_string(end - column) + "z";
      column = end;
    }
  }
  std::string svg;
  for (std::size_t level = 1; level < paths.size(); ++level) {
    if (!paths[level].empty()) svg += "<path class=\"m" + std::to_string(level) + "\" d=\"" + paths[level] + "\"/>";
  }
  return svg;
}

std::string worst_tiles(const FailureMap& map) {
  std::vector<std::size_t> order(map.cells.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto error = [&](std::size_t i) {
    return std::isfinite(map.cells[i]) ? map.cells[i] : std::numeric_limits<double>::infinity();
  };
  const std::size_t shown = std::min<std::size_t>(order.size(), 10);
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(shown), order.end(),
                    [&](std::size_t left, std::size_t right) { return error(left) > error(right); });
  std::string rows;
  const auto columns = static_cast<std::size_t>(map.columns);
  for (std::size_t i = 0; i < shown; ++i) {
    const std::size_t at = order[i];
    const std::string value = std::isfinite(map.cells[at]) ? significant(map.cells[at]) : "not finite";
    rows += "<tr><td class=\"n\">" + std::to_string(at / columns) + "</td><td class=\"n\">" +
            std::to_string(at % columns) + "</td><td class=\"n\">" + value + "</td></tr>";
  }
  return rows;
}

}  // namespace

std::string map_mark(const CaseResult& result) { return " data-case=\"" + escaped(result.id) + "\""; }

std::string failure_map(const CaseResult& result, MapBudget& budget) {
  if (!result.failure || !result.failure->map || result.failure->map->cells.empty()) return "";
  const FailureMap& map = *result.failure->map;
  std::array<bool, level_count + 1> used{};
  const std::string size = std::to_string(map.rows) + " \u00d7 " + std::to_string(map.columns) + " tiles";
  const std::string output = result.failure->output.empty() ? "the output" : escaped(result.failure->output);
  const std::string paths = cell_paths(map, used);
  std::string html = "<figure class=\"map\"" + map_mark(result) + "><svg viewBox=\"0 0 " + std::to_string(map.columns) +
                     " " + std::to_string(map.rows) +
                     "\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Map of the error over " + output +
                     ", " + size + "\"><rect class=\"m0\" width=\"100%\" height=\"100%\"/>" + paths +
                     "</svg><figcaption>Where: largest error of " + output + " by tile, in bounds (" + size +
                     ")</figcaption><ul class=\"legend\">";
  for (std::size_t level = 0; level < used.size(); ++level) {
    if (!used[level]) continue;
    html += "<li><svg class=\"key\" aria-hidden=\"true\"><rect class=\"m" + std::to_string(level) +
            "\" width=\"100%\" height=\"100%\"/></svg>" + level_names[level] + "</li>";
  }
  html += "</ul>" +
          chart_table("The worst tiles", "<th>tile row</th><th>tile column</th><th>error in bounds</th>",
                      worst_tiles(map)) +
          "</figure>";
  if (html.size() > budget.bytes_left) return "";
  budget.bytes_left -= html.size();
  return html;
}

}  // namespace lockstep::reports
