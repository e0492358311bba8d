// SPDX-License-Identifier: Apache-2.0
#include "reports/html/line_chart.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "reports/html/markup.hpp"

namespace lockstep::reports {
namespace {

// In units of the SVG; the page shows it at about this size.
constexpr double width = 520, height = 300;
constexpr double left = 76, right = 16, top = 30, bottom = 46;

double share(const ChartAxis& axis, double value) {
  const auto scale = [&](double number) { return axis.logarithmic ? std::log(number) : number; };
  const double span = scale(axis.high) - scale(axis.low);
  return span > 0 ? (scale(value) - scale(axis.low)) / span : 0.5;
}

struct Frame {
  const LineChart& chart;
  double x(double value) const { return left + share(chart.x, value) * (width - left - right); }
  double y(double value) const { return height - bottom - share(chart.y, value) * (height - top - bottom); }
  bool shows(const ChartPoint& point) const {
    return std::isfinite(point.x) && std::isfinite(point.y) && (!chart.x.logarithmic || point.x > 0) &&
           (!chart.y.logarithmic || point.y > 0);
  }
  // An interval may reach beyond the axis; what is drawn stops there.
  double clamped_y(double value) const { return y(std::clamp(value, chart.y.low, chart.y.high)); }
};

std::string pair_of(double x, double y) { return short_coordinate(x) + "," + short_coordinate(y); }

std::string mark_path(int shape, double x, double y) {
  static constexpr std::array<const char*, 4> outlines{"a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z", "h8v8h-8z", "l5,5l-5,5l-5,-5z",
                                                       "l5,9h-10z"};
  static constexpr std::array<std::pair<double, double>, 4> starts{{{-4, 0}, {-4, -4}, {0, -5}, {0, -5}}};
  const auto index = static_cast<std::size_t>(shape) % outlines.size();
  return "M" + pair_of(x + starts[index].first, y + starts[index].second) + outlines[index];
}

std::string mark(const ChartLine& line, bool hollow, double x, double y, const std::string& title) {
  return "<path class=\"mark" + std::string(hollow ? " hollow" : "") + "\" d=\"" + mark_path(line.colour, x, y) + "\"" +
         (title.empty() ? "/>" : "><title>" + escaped(title) + "</title></path>");
}

std::string grid_of(const Frame& frame) {
  const LineChart& chart = frame.chart;
  std::string svg;
  for (const auto& [value, text] : chart.y.ticks) {
    const std::string y = coordinate(frame.y(value));
    svg += "<line class=\"grid\" x1=\"" + coordinate(left) + "\" x2=\"" + coordinate(width - right) + "\" y1=\"" + y +
           "\" y2=\"" + y + "\"/><text x=\"" + coordinate(left - 8) + "\" y=\"" + coordinate(frame.y(value) + 4) +
           "\" text-anchor=\"end\">" + escaped(trimmed(text)) + "</text>";
  }
  for (const auto& [value, text] : chart.x.ticks) {
    const std::string x = coordinate(frame.x(value));
    const std::string base = coordinate(height - bottom);
    svg += "<line class=\"base\" x1=\"" + x + "\" x2=\"" + x + "\" y1=\"" + base + "\" y2=\"" +
           coordinate(height - bottom + 4) + "\"/><text x=\"" + x + "\" y=\"" + coordinate(height - bottom + 18) +
           "\" text-anchor=\"middle\">" + escaped(trimmed(text)) + "</text>";
  }
  const std::string base = coordinate(height - bottom);
  return svg + "<line class=\"base\" x1=\"" + coordinate(left) + "\" x2=\"" + coordinate(width - right) + "\" y1=\"" +
         base + "\" y2=\"" + base + "\"/><text x=\"" + coordinate((left + width - right) / 2) + "\" y=\"" +
         coordinate(height - 6) + "\" text-anchor=\"middle\">" + escaped(chart.x.title) +
         "</text><text x=\"4\" y=\"14\">" + escaped(chart.y.title) + "</text>";
}

std::string line_of(const Frame& frame, const ChartLine& line) {
  std::string path, upper, lower, bars, marks;
  for (const ChartPoint& point : line.points) {
    if (!frame.shows(point)) continue;
    const double x = frame.x(point.x), y = frame.clamped_y(point.y);
    path += (path.empty() ? "" : " ") + pair_of(x, y);
    if (std::isfinite(point.low) && std::isfinite(point.high)) {
      const double low = frame.clamped_y(point.low), high = frame.clamped_y(point.high);
      upper += pair_of(x, high) + " ";
      lower = pair_of(x, low) + " " + lower;
      if (!line.band) {
        bars += "<line class=\"whisker\" x1=\"" + coordinate(x) + "\" x2=\"" + coordinate(x) + "\" y1=\"" +
                coordinate(low) + "\" y2=\"" + coordinate(high) + "\"/>";
      }
    }
    if (line.marks) marks += mark(line, point.hollow, x, y, point.title);
  }
  std::string svg = "<g class=\"c" + std::to_string(line.colour % chart_colours) + "\">";
  if (line.band && !upper.empty()) svg += "<polygon class=\"area\" points=\"" + upper + lower + "\"/>";
  svg += "<polyline class=\"" + std::string(line.dashed ? "stroke dashed" : "stroke") + "\" points=\"" + path + "\"/>";
  return svg + bars + marks + "</g>";
}

std::string legend_of(const LineChart& chart) {
  std::string html = "<ul class=\"legend\">";
  for (const ChartLine& line : chart.lines) {
    html += "<li><svg class=\"line-key c" + std::to_string(line.colour % chart_colours) +
            "\" viewBox=\"0 0 28 12\" aria-hidden=\"true\"><path class=\"" +
            (line.dashed ? "stroke dashed" : "stroke") + "\" d=\"M1,6h26\"/>" +
            (line.marks ? mark(line, false, 14, 6, "") : "") + "</svg>" + escaped(line.name) + "</li>";
  }
  return html + "</ul>";
}

}  // namespace

std::string trimmed(const std::string& text) {
  const std::size_t point = text.find('.');
  if (point == std::string::npos) return text;
  const std::size_t unit = std::min(text.find_first_not_of("0123456789", point + 1), text.size());
  std::size_t end = unit;
  while (text[end - 1] == '0') --end;
  if (text[end - 1] == '.') --end;
  return text.substr(0, end) + text.substr(unit);
}

std::string short_coordinate(double value) { return coordinate(std::round(value * 10) / 10); }

ChartAxis doubling_axis(const std::string& title, double low, double high, std::string (*text)(double)) {
  const int first = static_cast<int>(std::floor(std::log2(low) + 1e-9));
  const int last = std::max(first + 1, static_cast<int>(std::ceil(std::log2(high) - 1e-9)));
  const int step = (last - first + 5) / 6;
  ChartAxis axis{.title = title, .low = std::exp2(first), .high = std::exp2(last), .logarithmic = true, .ticks = {}};
  for (int power = first; power <= last; power += step)
    axis.ticks.push_back({std::exp2(power), text(std::exp2(power))});
  return axis;
}

ChartAxis decade_axis(const std::string& title, double low, double high, std::string (*text)(double)) {
  ChartAxis axis{.title = title, .low = low / 1.15, .high = high * 1.15, .logarithmic = true, .ticks = {}};
  const bool few = high / low < 300;
  const int last = static_cast<int>(std::ceil(std::log10(axis.high)));
  for (int power = static_cast<int>(std::floor(std::log10(axis.low))); power <= last; ++power) {
    for (const double digit : {1.0, 2.0, 5.0}) {
      const double value = digit * std::pow(10.0, power);
      if ((digit == 1 || few) && value >= axis.low && value <= axis.high) axis.ticks.push_back({value, text(value)});
    }
  }
  return axis;
}

ChartAxis linear_axis(const std::string& title, double low, double high, std::string (*text)(double)) {
  const double span = high > low ? high - low : 1;
  const double tenth = std::pow(10.0, std::floor(std::log10(span)));
  const double step = span / tenth <= 2 ? tenth / 2 : span / tenth <= 5 ? tenth : tenth * 2;
  const auto first = static_cast<int>(std::floor(low / step + 1e-9));
  const auto last = std::max(first + 1, static_cast<int>(std::ceil(high / step - 1e-9)));
  ChartAxis axis{.title = title, .low = first * step, .high = last * step, .logarithmic = false, .ticks = {}};
  for (int tick = first; tick <= last; ++tick) axis.ticks.push_back({tick * step, text(tick * step)});
  return axis;
}

std::string line_chart(const LineChart& chart) {
  const Frame frame{chart};
  std::string svg = "<div class=\"scroll\" tabindex=\"0\"><svg class=\"lines\" viewBox=\"0 0 " + coordinate(width) +
                    " " + coordinate(height) + "\" role=\"img\" aria-label=\"" + escaped(chart.label) + "\">" +
                    grid_of(frame);
  // Dashed lines lie on top: they are thin, and a solid line of equal values would hide them.
  for (const bool dashed : {false, true}) {
    for (const ChartLine& line : chart.lines) {
      if (line.dashed == dashed) svg += line_of(frame, line);
    }
  }
  return svg + "</svg></div>" + legend_of(chart);
}

}  // namespace lockstep::reports
