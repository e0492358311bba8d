// SPDX-License-Identifier: Apache-2.0
#include "harness/data/non_finite.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>

#include "harness/data/values.hpp"

namespace lockstep {
namespace {

constexpr DType kFloating[]{DType::f64, DType::f32, DType::f16, DType::bf16};

/// A tensor in memory of its own, with NaN in the gaps of its layout: they are nobody's elements.
struct Stored {
  std::vector<std::uint8_t> memory;
  TensorView view;

  Stored(const Values& values, Layout layout) {
    const Strides strides = strides_of(values.shape(), layout);
    const std::size_t shift = layout == Layout::unaligned ? size_in_bytes(values.dtype()) : 0;
    memory.assign(
        static_cast<std::size_t>(span_in_elements(values.shape(), strides)) * size_in_bytes(values.dtype()) + shift,
        0xff);
    store(values, memory.data() + shift, strides);
    view = {memory.data() + shift, values.dtype(), values.shape(), strides};
  }
};

TEST(NonFinite, IsFoundInEveryTypeAndLayout) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const Shape shape{2, 3, 37, 19};
  const std::vector<std::int64_t> places{0, 18, 19, 1500, element_count(shape) - 1};
  const double kinds[]{std::nan(""), kInfinity, -kInfinity, -std::nan(""), kInfinity};
  for (const DType dtype : kFloating)
    for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::strided, Layout::unaligned}) {
      Values values(dtype, shape);
      for (std::int64_t i = 0; i < values.count(); ++i)  // up to the largest number of the type
        values.set(i, (i % 2 ? 1 : -1) * (i % 3 ? largest_finite(dtype) : 0.0));
      EXPECT_TRUE(non_finite_elements(Stored(values, layout).view).empty()) << name_of(dtype) << name_of(layout);
      for (std::size_t k = 0; k < places.size(); ++k) values.set(places[k], kinds[k]);
      EXPECT_EQ(non_finite_elements(Stored(values, layout).view), places) << name_of(dtype) << name_of(layout);
    }
}

TEST(NonFinite, IntegersAndEmptyTensorsHaveNone) {
  Values integers(DType::i64, {4});
  integers.set(1, -1);  // all bits set
  EXPECT_TRUE(non_finite_elements(Stored(integers, Layout::contiguous).view).empty());
  for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::strided})
    EXPECT_TRUE(non_finite_elements(Stored(Values(DType::f16, {2, 0, 3, 4}), layout).view).empty());
}

// Element by element through its coordinates, which divide, a scan costs as much as the arithmetic that it watches.
TEST(NonFinite, CostsLittleInSixteenBits) {
  const Shape shape{16, 64, 56, 56};
  for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::strided}) {
    const Stored stored(Values(DType::bf16, shape), layout);
    const auto seconds_of = [](auto work) {
      double best = 1e9;
      for (int repeat = 0; repeat < 3; ++repeat) {
        const auto start = std::chrono::steady_clock::now();
        work();
        best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
      }
      return best;
    };
    std::int64_t found = 0;
    const double scan =
        seconds_of([&] { found += static_cast<std::int64_t>(non_finite_elements(stored.view).size()); });
    const double by_coordinates = seconds_of([&] {
      for (std::int64_t i = 0; i < element_count(shape); ++i)
        found += !std::isfinite(load_element(stored.view.data, DType::bf16, offset_of(i, shape, stored.view.strides)));
    });
    EXPECT_EQ(found, 0);
    EXPECT_LT(scan, by_coordinates / 4) << name_of(layout);
  }
}

}  // namespace
}  // namespace lockstep
