// SPDX-License-Identifier: Apache-2.0
#pragma once
// A chart of lines as inline SVG. Lines differ in colour and in the shape of their marks, so that colour is never alone.

#include <string>
#include <utility>
#include <vector>

#include "reports/outcome.hpp"

namespace lockstep::reports {

struct ChartAxis {
  std::string title = {};
  double low = 0;
  double high = 1;
  bool logarithmic = false;
  std::vector<std::pair<double, std::string>> ticks = {};
};

// Ticks at powers of two, at most seven of them. Values must be positive.
ChartAxis doubling_axis(const std::string& title, double low, double high, std::string (*text)(double));
// Ticks at powers of ten, and at 2 and 5 between them where there are few. Values must be positive.
ChartAxis decade_axis(const std::string& title, double low, double high, std::string (*text)(double));
// Ticks at multiples of 1, 2 or 5 times a power of ten; `low` and `high` move out to ticks.
ChartAxis linear_axis(const std::string& title, double low, double high, std::string (*text)(double));

struct ChartPoint {
  double x = 0;
  double y = 0;
  double low = not_a_number;  // of an interval; NaN: none is drawn
  double high = not_a_number;
  bool hollow = false;
  std::string title = {};  // what a pointer over the mark shows
};

struct ChartLine {
  std::string name = {};
  int colour = 0;       // 0 to 5; also chooses the mark
  bool dashed = false;  // for what was not measured: ideals and ceilings
  bool marks = true;
  bool band = false;  // the intervals as an area and not as bars
  std::vector<ChartPoint> points = {};
};

struct LineChart {
  std::string label = {};  // what it shows, for those who do not see it
  ChartAxis x = {};
  ChartAxis y = {};
  std::vector<ChartLine> lines = {};
};

// As `coordinate`, to a tenth: finer than a screen, and a page holds thousands of these.
std::string short_coordinate(double value);

// "8.00 KiB" -> "8 KiB": on an axis the digits that tell nothing go.
std::string trimmed(const std::string& text);

inline constexpr int chart_colours = 6;

// <svg role="img"> followed by its legend. Points that are not finite, or not positive on a logarithmic axis, are left
// out. Stands in a <figure> that holds the table of its numbers.
std::string line_chart(const LineChart& chart);

}  // namespace lockstep::reports
