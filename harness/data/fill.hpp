// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "harness/data/values.hpp"

namespace lockstep {

/// What the inputs of a case look like; named in the case's id.
/// normal: bell-shaped around the tensor's mean, full mantissa. offset: the mean lies 1000 deviations from zero.
/// small: deviation 2^-8 around zero, so that an eps of 1e-5 weighs as much as the variance. exact: small integers, so that
/// sums are exact in any order. adversarial: cancelling pairs, ties, zeros, range edges.
/// special: normal with NaN, infinities, signed zeros and subnormals planted. images: real photographs of clothing.
enum class Fill : std::uint8_t { normal, offset, small, exact, adversarial, special, images };

std::string_view name_of(Fill fill);
Fill parse_fill(std::string_view name);

/// How one tensor takes part in a fill.
struct FillRange {
  double mean = 0.0;
  double deviation = 1.0;
  /// Fill::exact draws integers in [-exact_limit, exact_limit], for positive tensors in [1, exact_limit]; at least 1.
  std::int64_t exact_limit = 8;
  /// Fill::adversarial keeps magnitudes within this range; its edges occur.
  double adversarial_limit = 100.0;
  /// Whether Fill::offset and Fill::small act on this tensor (activations), or leave it alone (weights, gradients).
  bool moves_with_offset = false;
  /// Whether Fill::special plants its values in this tensor, and Fill::images fills it with images.
  bool takes_special = false;
  /// Only positive values (variances): the absolute value is taken, plus 0.1 so that none is zero.
  bool positive = false;
  /// Tensors of integers (indices, targets, masks) hold numbers in [low, high] under every fill; both ends occur under
  /// Fill::adversarial, beside long ties. Where the tensor has elements, low <= high.
  std::int64_t low = 0, high = 1;
  /// Tensors of integers: about one element in eight is this number, which may lie outside of [low, high] (an index that
  /// means "ignore").
  std::optional<std::int64_t> sentinel = std::nullopt;
};

/// Draws the contents of one tensor. Element i depends on (seed, i) alone. Throws Error for a range of integers that holds
/// none.
void fill_values(Values& values, Fill fill, const FillRange& range, std::uint64_t seed);

/// Fill::images reads from here: writes `count` pixels in [0, 1], chosen by seed. Set once at start by whoever can read
/// the data set; without it Fill::images throws Error saying which package holds the images.
using ImageSource = std::function<void(float* pixels, std::int64_t count, std::uint64_t seed)>;
void set_image_source(ImageSource source);
bool has_image_source();

}  // namespace lockstep
