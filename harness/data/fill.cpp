// SPDX-License-Identifier: Apache-2.0
#include "harness/data/fill.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "harness/data/error.hpp"
#include "harness/data/printable.hpp"
#include "harness/data/random.hpp"

namespace lockstep {
namespace {

constexpr std::array<std::string_view, 7> kNames{"normal",      "offset",  "small", "exact",
                                                 "adversarial", "special", "images"};
constexpr double kOffsetInDeviations = 1000.0;
constexpr double kSmallDeviation = 0x1p-8;

ImageSource& image_source() {
  static ImageSource source;
  return source;
}

/// Bell-shaped numbers of mean 0 and deviation 1: the sum of four uniforms (Irwin-Hall), range +-3.46. The four 16-bit
/// lanes give the bell, the high bits of a further product fill the mantissa to its end; a Box-Muller transform would cost
/// ten times as much and buy only tails.
inline float bell(std::uint64_t hash) {
  const auto lanes =
      static_cast<std::int32_t>((hash & 0xffff) + ((hash >> 16) & 0xffff) + ((hash >> 32) & 0xffff) + (hash >> 48));
  const auto fraction = static_cast<std::int32_t>((hash * 0xd6e8feb86659fd93ull) >> 40);
  constexpr float kDeviation = 37837.2f;  // 65536 / sqrt(3): the deviation of the sum of four uniforms on 16 bits
  return (static_cast<float>(lanes - 131070) + static_cast<float>(fraction) * 0x1p-24f - 0.5f) * (1.0f / kDeviation);
}

__attribute__((optimize("O3"))) void fill_bell(float* out, std::int64_t count, float mean, float deviation,
                                               std::uint64_t seed) {
  const std::uint64_t base = mix64(seed);
  for (std::int64_t i = 0; i < count; ++i)
    out[i] = mean + deviation * bell(mix64(base + static_cast<std::uint64_t>(i)));
}

double adversarial_value(std::int64_t index, std::uint64_t seed, const FillRange& range) {
  const std::uint64_t hash = mix64(mix64(seed) + static_cast<std::uint64_t>(index / 2));
  const double drawn = range.mean + range.deviation * bell(hash);
  const bool second = index % 2 != 0;
  switch (hash >> 61) {
    case 0: return second ? -drawn : drawn;                    // cancels exactly
    case 1: return second ? drawn * (-1.0 - 0x1p-10) : drawn;  // cancels almost
    case 2: return drawn;                                      // a tie: both the same
    case 3: return second ? 0.0 : drawn;
    case 4: return (second ? -1.0 : 1.0) * range.adversarial_limit;  // the edges of the range
    case 5: return drawn * 0x1p-12;
    case 6: return second ? range.adversarial_limit * 0.999 : drawn;
    default: return drawn;
  }
}

double special_value(std::int64_t index, DType dtype) {
  const double subnormal = underflow_error(dtype) * 6.0;  // three times the smallest subnormal
  switch (index % 7) {
    case 0: return std::numeric_limits<double>::quiet_NaN();
    case 1: return std::numeric_limits<double>::infinity();
    case 2: return -std::numeric_limits<double>::infinity();
    case 3: return subnormal;
    case 4: return -0.0;
    case 5: return 0.0;
    default: return -subnormal;
  }
}

/// About one element in 97 is special, and at least one in every tensor that takes them; the kinds take turns, so that a
/// tensor of some hundred elements holds each.
void plant_specials(Values& values, std::uint64_t seed) {
  RandomStream stream(seed ^ hash_name("special"));
  const std::int64_t planted = std::max<std::int64_t>(1, values.count() / 97);
  const std::int64_t first = stream.below(7);
  for (std::int64_t k = 0; k < planted && values.count() > 0; ++k)
    values.set(stream.below(values.count()), special_value(first + k, values.dtype()));
}

void fill_floats(Values& values, double mean, double deviation, std::uint64_t seed) {
  if (float* floats = values.floats()) {
    fill_bell(floats, values.count(), static_cast<float>(mean), static_cast<float>(deviation), seed);
    round_floats_to(values.dtype(), floats, values.count());
    return;
  }
  // f64 inputs are drawn as float too: both precisions then see the same numbers.
  const std::uint64_t base = mix64(seed);
  for (std::int64_t i = 0; i < values.count(); ++i)
    values.set(i, static_cast<float>(mean) +
                      static_cast<float>(deviation) * bell(mix64(base + static_cast<std::uint64_t>(i))));
}

void fill_images(Values& values, std::uint64_t seed) {
  if (!image_source()) throw Error("fill 'images' needs the data set of Debian's package dataset-fashion-mnist");
  std::vector<float> pixels(static_cast<std::size_t>(values.count()));
  image_source()(pixels.data(), values.count(), seed);
  for (std::int64_t i = 0; i < values.count(); ++i) values.set(i, pixels[static_cast<std::size_t>(i)]);
}

/// Under Fill::adversarial half the elements are equal, which is where gathers conflict, and the ends of the range occur.
std::int64_t drawn_integer(Fill fill, const FillRange& range, std::uint64_t seed, std::int64_t index) {
  const auto choices = static_cast<std::uint64_t>(range.high - range.low) + 1;
  const std::uint64_t hash = mix64(mix64(seed) + static_cast<std::uint64_t>(index));
  const auto pick = [&](std::uint64_t bits) { return range.low + static_cast<std::int64_t>(bits % choices); };
  // The sentinel's choice has bits of its own, so that the numbers beside it are drawn evenly.
  if (range.sentinel && mix64(hash) % 8 == 0) return *range.sentinel;
  if (fill != Fill::adversarial) return pick(hash);
  switch (hash >> 61) {
    case 0: return range.low;
    case 1: return range.high;
    case 2:
    case 3:
    case 4:
    case 5: return pick(mix64(seed ^ hash_name("tie")));
    default: return pick(hash);
  }
}

void fill_integers(Values& values, Fill fill, const FillRange& range, std::uint64_t seed) {
  if (values.count() > 0 && range.low > range.high)
    throw Error("integers of shape " + to_text(values.shape()) + " from " + std::to_string(range.low) + " to " +
                std::to_string(range.high) + ": the range holds none; accepted: low <= high");
  for (std::int64_t i = 0; i < values.count(); ++i) values.integers()[i] = drawn_integer(fill, range, seed, i);
}

}  // namespace

std::string_view name_of(Fill fill) { return kNames[static_cast<std::size_t>(fill)]; }

Fill parse_fill(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end())
    throw Error("unknown fill " + in_quotes(name) +
                "; accepted: normal, offset, small, exact, adversarial, special, images");
  return static_cast<Fill>(found - kNames.begin());
}

void fill_values(Values& values, Fill fill, const FillRange& range, std::uint64_t seed) {
  if (!is_floating(values.dtype())) return fill_integers(values, fill, range, seed);
  if (fill == Fill::images && range.takes_special) return fill_images(values, seed);
  if (fill == Fill::exact) {
    const std::uint64_t base = mix64(seed);
    const auto choices = static_cast<std::uint64_t>(2 * range.exact_limit + 1);
    for (std::int64_t i = 0; i < values.count(); ++i) {
      const auto drawn = static_cast<std::int64_t>(mix64(base + static_cast<std::uint64_t>(i)) % choices);
      values.set(i, static_cast<double>(range.positive ? 1 + drawn % range.exact_limit : drawn - range.exact_limit));
    }
    return;
  }
  if (fill == Fill::adversarial && !range.positive) {
    for (std::int64_t i = 0; i < values.count(); ++i) values.set(i, adversarial_value(i, seed, range));
    return;
  }
  const bool shifted = fill == Fill::offset && range.moves_with_offset;
  const bool shrunk = fill == Fill::small && range.moves_with_offset;
  fill_floats(values, shifted ? kOffsetInDeviations * range.deviation : (shrunk ? 0.0 : range.mean),
              range.deviation * (shrunk ? kSmallDeviation : 1.0), seed);
  if (range.positive)
    for (std::int64_t i = 0; i < values.count(); ++i) values.set(i, std::abs(values[i]) + 0.1);
  if (fill == Fill::special && range.takes_special) plant_specials(values, seed);
}

void set_image_source(ImageSource source) { image_source() = std::move(source); }
bool has_image_source() { return static_cast<bool>(image_source()); }

}  // namespace lockstep
