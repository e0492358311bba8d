// SPDX-License-Identifier: Apache-2.0
#include "reports/number_text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

namespace lockstep::reports {
namespace {

std::string not_finite(double value) { return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf"; }

std::string fixed(double value, int decimals) {
  std::array<char, 400> buffer{};
  const auto result =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, decimals);
  return std::string(buffer.data(), result.ptr);
}

struct Scale {
  double factor;
  std::string_view unit;
};

template <std::size_t Count>
std::string scaled(double value, const std::array<Scale, Count>& scales) {
  // Scales fall; the first that leaves at least one unit wins (0.9996 already reads as 1.00).
  for (const Scale& scale : scales) {
    if (std::abs(value) >= scale.factor * 0.9995)
      return significant(value / scale.factor) + " " + std::string(scale.unit);
  }
  return significant(value / scales.back().factor) + " " + std::string(scales.back().unit);
}

}  // namespace

std::string grouped(std::int64_t value) {
  const std::string digits = std::to_string(value);
  const std::size_t first = digits.front() == '-' ? 1 : 0;
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > first && (digits.size() - i) % 3 == 0) text += "\u202f";
    text += digits[i];
  }
  return text;
}

std::string plural(std::int64_t count, const std::string& noun) {
  return grouped(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string significant(double value, int digits) {
  if (!std::isfinite(value)) return not_finite(value);
  if (value == 0) return "0";
  const double magnitude = std::abs(value);
  if (magnitude < 1e-4 || magnitude >= 1e7) {
    std::array<char, 64> buffer{};
    const auto result =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific, digits - 1);
    return std::string(buffer.data(), result.ptr);
  }
  // Rounding may carry into the next power of ten: 9.996 is 10.0, with one decimal less.
  int exponent = static_cast<int>(std::floor(std::log10(magnitude)));
  const double unit = std::pow(10.0, exponent - digits + 1);
  if (std::round(magnitude / unit) * unit >= std::pow(10.0, exponent + 1)) ++exponent;
  const int decimals = digits - 1 - exponent;
  if (decimals >= 0) return fixed(value, decimals);
  return fixed(std::round(value), 0);
}

std::string exact_number(double value) {
  if (!std::isfinite(value)) return not_finite(value);
  std::array<char, 64> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return std::string(buffer.data(), result.ptr);
}

std::string duration(double seconds) {
  if (!std::isfinite(seconds)) return not_finite(seconds);
  static constexpr std::array<Scale, 4> scales{{{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}, {1e-9, "ns"}}};
  return scaled(seconds, scales);
}

std::string long_duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 60) return duration(seconds);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 3600) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  return std::to_string(whole / 3600) + " h " + std::to_string(whole % 3600 / 60) + " min";
}

std::string rate(double value, const std::string& unit) {
  if (!std::isfinite(value)) return not_finite(value);
  if (unit == "seconds") return duration(value);
  static constexpr std::array<Scale, 3> byte_scales{{{1e12, "TB/s"}, {1e9, "GB/s"}, {1e6, "MB/s"}}};
  static constexpr std::array<Scale, 3> flop_scales{{{1e12, "TFLOP/s"}, {1e9, "GFLOP/s"}, {1e6, "MFLOP/s"}}};
  if (unit == "bytes/s") return scaled(value, byte_scales);
  if (unit == "flops/s") return scaled(value, flop_scales);
  return significant(value) + " " + unit;
}

std::string byte_size(std::int64_t bytes) {
  static constexpr std::array<Scale, 5> scales{
      {{1099511627776.0, "TiB"}, {1073741824.0, "GiB"}, {1048576.0, "MiB"}, {1024.0, "KiB"}, {1, "bytes"}}};
  return scaled(static_cast<double>(bytes), scales);
}

std::string percent(double fraction) {
  if (!std::isfinite(fraction)) return not_finite(fraction);
  return fixed(fraction * 100, std::abs(fraction) < 0.095 ? 1 : 0) + " %";
}

std::string signed_percent(double fraction) {
  if (!std::isfinite(fraction)) return not_finite(fraction);
  return (fraction >= 0 ? "+" : "\u2212") + fixed(std::abs(fraction) * 100, 1) + " %";
}

}  // namespace lockstep::reports
