// SPDX-License-Identifier: Apache-2.0
#include "reference/conv2d.hpp"

#include <algorithm>
#include <cmath>

#include "harness/numerics/exact_dot.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

/// The factors of one element's products, gathered side by side; kept from element to element, so that none allocates.
/// Plain numbers held as float are gathered as such, for the loops of exact_dot.hpp.
template <class T>
class Products {
 public:
  Products(const Operand<T>& a, const Operand<T>& b) : a_(a), b_(b) {
    if constexpr (kPlain)
      if (a.floats() && b.floats()) {
        a_floats_ = a.floats();
        b_floats_ = b.floats();
      }
  }

  void clear() { count_ = 0; }
  /// Room for that many further products.
  void reserve(std::int64_t count) {
    const auto size = static_cast<std::size_t>(count_ + count);
    if (a_floats_ && size > narrow_a_.size()) {
      narrow_a_.resize(size);
      narrow_b_.resize(size);
    } else if (!a_floats_ && size > wide_a_.size()) {
      wide_a_.resize(size);
      wide_b_.resize(size);
    }
  }
  void add(std::int64_t a, std::int64_t b) {
    const auto slot = static_cast<std::size_t>(count_++);
    if (a_floats_) {
      narrow_a_[slot] = a_floats_[a];
      narrow_b_[slot] = b_floats_[b];
    } else {
      wide_a_[slot] = a_[a];
      wide_b_[slot] = b_[b];
    }
  }
  /// Products of `count` elements, `a_step` apart in a and side by side in b.
  void add_run(std::int64_t a, std::int64_t a_step, std::int64_t b, std::int64_t count) {
    if (!a_floats_) {
      for (std::int64_t i = 0; i < count; ++i) add(a + i * a_step, b + i);
      return;
    }
    float *const to_a = narrow_a_.data() + count_, *const to_b = narrow_b_.data() + count_;
    for (std::int64_t i = 0; i < count; ++i) to_a[i] = a_floats_[a + i * a_step];
    for (std::int64_t i = 0; i < count; ++i) to_b[i] = b_floats_[b + i];
    count_ += count;
  }
  /// The product of b's element with a zero of the padding, which only an infinity or a NaN makes anything of.
  void add_padding(std::int64_t b) {
    if (b_floats_ ? std::isfinite(b_floats_[b]) : std::isfinite(value_of(b_[b]))) return;
    const auto slot = static_cast<std::size_t>(count_++);
    if (b_floats_) {
      narrow_a_[slot] = 0.0f;
      narrow_b_[slot] = b_floats_[b];
    } else {
      wide_a_[slot] = T(0.0);
      wide_b_[slot] = b_[b];
    }
  }
  /// A number that is added as it is.
  void add_alone(const T& number) {
    const auto slot = static_cast<std::size_t>(count_++);
    if (a_floats_) {
      narrow_a_[slot] = static_cast<float>(value_of(number));
      narrow_b_[slot] = 1.0f;
    } else {
      wide_a_[slot] = number;
      wide_b_[slot] = T(1.0);
    }
  }
  T sum() const {
    if constexpr (kPlain)
      if (a_floats_) {
        if constexpr (std::is_same_v<T, Tracked>)
          return tracked_sum(exact_products(narrow_a_.data(), narrow_b_.data(), count_), 1.0);
        else if constexpr (std::is_same_v<T, float>)
          return float_dot(narrow_a_.data(), narrow_b_.data(), count_);
        else
          return double_dot(narrow_a_.data(), narrow_b_.data(), count_);
      }
    return dot<T>(
        count_, [&](std::int64_t k) { return wide_a_[static_cast<std::size_t>(k)]; },
        [&](std::int64_t k) { return wide_b_[static_cast<std::size_t>(k)]; });
  }

 private:
  static constexpr bool kPlain = std::is_same_v<T, Tracked> || std::is_same_v<T, float> || std::is_same_v<T, double>;

  Operand<T> a_, b_;
  const float *a_floats_ = nullptr, *b_floats_ = nullptr;
  std::vector<float> narrow_a_, narrow_b_;
  std::vector<T> wide_a_, wide_b_;
  std::int64_t count_ = 0;
};

/// Those of `count` places, `step` apart from `first` on, that lie in a row (or column) of `extent` elements.
struct Inside {
  std::int64_t begin, end;

  Inside(std::int64_t first, std::int64_t step, std::int64_t count, std::int64_t extent)
      : begin(places_before(-first, step, count)), end(std::max(begin, places_before(extent - first, step, count))) {}

 private:
  /// Places i with i * step < distance.
  static std::int64_t places_before(std::int64_t distance, std::int64_t step, std::int64_t count) {
    return distance <= 0 ? 0 : std::min((distance + step - 1) / step, count);
  }
};

template <class T>
class Forward {
 public:
  Forward(const Problem& problem, const Operands<T>& in)
      : op_(problem), bias_(op_.bias ? in[2] : Operand<T>()), products_(in[0], in[1]) {}

  T element(std::size_t, std::int64_t index) const {
    const std::int64_t q = index % op_.out_size.width, p = index / op_.out_size.width % op_.out_size.height;
    const std::int64_t plane = index / (op_.out_size.width * op_.out_size.height);
    const std::int64_t n = plane / op_.out_channels, o = plane % op_.out_channels;
    gather(n, o, p, q);
    // A term like the others: many libraries start their sums with it, so that it takes part in every rounding.
    if (op_.bias) products_.add_alone(bias_[o]);
    return products_.sum();
  }

 private:
  void gather(std::int64_t n, std::int64_t o, std::int64_t p, std::int64_t q) const {
    const std::int64_t first_row = p * op_.stride.height - op_.padding.height,
                       first_column = q * op_.stride.width - op_.padding.width;
    const std::int64_t first_channel = n * op_.in_channels + o / op_.out_per_group() * op_.in_per_group();
    std::int64_t weight = o * op_.window();
    products_.clear();
    products_.reserve(op_.window() + 1);
    const Inside columns(first_column, op_.dilation.width, op_.kernel.width, op_.size.width);
    for (std::int64_t c = 0; c < op_.in_per_group(); ++c)
      for (std::int64_t r = 0; r < op_.kernel.height; ++r, weight += op_.kernel.width) {
        const std::int64_t row = first_row + r * op_.dilation.height;
        const bool row_inside = row >= 0 && row < op_.size.height;
        const std::int64_t begin = row_inside ? columns.begin : 0, end = row_inside ? columns.end : 0;
        const std::int64_t start = ((first_channel + c) * op_.size.height + row) * op_.size.width + first_column;
        for (std::int64_t s = 0; s < begin; ++s) products_.add_padding(weight + s);
        products_.add_run(start + begin * op_.dilation.width, op_.dilation.width, weight + begin, end - begin);
        for (std::int64_t s = end; s < op_.kernel.width; ++s) products_.add_padding(weight + s);
      }
  }

  Conv2d op_;
  Operand<T> bias_;
  mutable Products<T> products_;
};

/// A kernel's row (or column) and the row of y in which it meets a given row of x.
struct Meeting {
  std::int64_t tap, place;
};

void find_meetings(std::vector<Meeting>& found, std::int64_t at, std::int64_t kernel, std::int64_t out_size,
                   std::int64_t stride, std::int64_t dilation) {
  found.clear();
  for (std::int64_t tap = 0; tap < kernel; ++tap) {
    const std::int64_t distance = at - tap * dilation;
    if (distance >= 0 && distance % stride == 0 && distance / stride < out_size)
      found.push_back({tap, distance / stride});
  }
}

template <class T>
class Backward {
 public:
  Backward(const Problem& problem, const Operands<T>& in)
      : op_(problem), g_(in[2]), for_x_(in[2], in[1]), for_weight_(in[0], in[2]) {}

  /// Outputs: d_x, d_weight, d_bias.
  T element(std::size_t output, std::int64_t index) const {
    if (output == 2) return bias_gradient(index);
    if (output == 0) {
      gather_for_x(index);
      return for_x_.sum();
    }
    gather_for_weight(index);
    return for_weight_.sum();
  }

 private:
  std::int64_t out_plane() const { return op_.out_size.height * op_.out_size.width; }

  void gather_for_x(std::int64_t index) const {
    const std::int64_t column = index % op_.size.width, row = index / op_.size.width % op_.size.height;
    const std::int64_t plane = index / (op_.size.width * op_.size.height);
    const std::int64_t n = plane / op_.in_channels, channel = plane % op_.in_channels;
    const std::int64_t group = channel / op_.in_per_group(), c = channel % op_.in_per_group();
    find_meetings(rows_, row + op_.padding.height, op_.kernel.height, op_.out_size.height, op_.stride.height,
                  op_.dilation.height);
    find_meetings(columns_, column + op_.padding.width, op_.kernel.width, op_.out_size.width, op_.stride.width,
                  op_.dilation.width);
    for_x_.clear();
    for_x_.reserve(op_.out_per_group() * static_cast<std::int64_t>(rows_.size() * columns_.size()));
    for (std::int64_t o = group * op_.out_per_group(); o < (group + 1) * op_.out_per_group(); ++o)
      for (const Meeting& r : rows_) {
        const std::int64_t g_row = ((n * op_.out_channels + o) * op_.out_size.height + r.place) * op_.out_size.width;
        const std::int64_t weight_row = ((o * op_.in_per_group() + c) * op_.kernel.height + r.tap) * op_.kernel.width;
        for (const Meeting& s : columns_) for_x_.add(g_row + s.place, weight_row + s.tap);
      }
  }

  void gather_for_weight(std::int64_t index) const {
    const std::int64_t s = index % op_.kernel.width, r = index / op_.kernel.width % op_.kernel.height;
    const std::int64_t plane = index / (op_.kernel.width * op_.kernel.height);
    const std::int64_t c = plane % op_.in_per_group(), o = plane / op_.in_per_group();
    const std::int64_t channel = o / op_.out_per_group() * op_.in_per_group() + c;
    const std::int64_t first_column = s * op_.dilation.width - op_.padding.width;
    for_weight_.clear();
    for_weight_.reserve(op_.images * out_plane());
    const Inside columns(first_column, op_.stride.width, op_.out_size.width, op_.size.width);
    for (std::int64_t n = 0; n < op_.images; ++n)
      for (std::int64_t p = 0; p < op_.out_size.height; ++p) {
        const std::int64_t row = p * op_.stride.height + r * op_.dilation.height - op_.padding.height;
        const bool row_inside = row >= 0 && row < op_.size.height;
        const std::int64_t begin = row_inside ? columns.begin : 0, end = row_inside ? columns.end : 0;
        const std::int64_t start =
            ((n * op_.in_channels + channel) * op_.size.height + row) * op_.size.width + first_column;
        const std::int64_t g = ((n * op_.out_channels + o) * op_.out_size.height + p) * op_.out_size.width;
        for (std::int64_t q = 0; q < begin; ++q) for_weight_.add_padding(g + q);
        for_weight_.add_run(start + begin * op_.stride.width, op_.stride.width, g + begin, end - begin);
        for (std::int64_t q = end; q < op_.out_size.width; ++q) for_weight_.add_padding(g + q);
      }
  }

  T bias_gradient(std::int64_t o) const {
    if (op_.is_empty()) return T(0.0);
    // Terms come in ascending order: one division per image, not per term.
    const std::int64_t plane = out_plane();
    std::int64_t first = 0, offset = o * plane;
    return sum<T>(op_.images * plane, [&, first, offset](std::int64_t k) mutable {
      if (k < first || k >= first + plane) {
        first = k / plane * plane;
        offset = (k / plane * op_.out_channels + o) * plane - first;
      }
      return g_[k + offset];
    });
  }

  Conv2d op_;
  Operand<T> g_;
  mutable Products<T> for_x_, for_weight_;
  mutable std::vector<Meeting> rows_, columns_;
};

/// Whether any sum of `terms` numbers of at most `largest` in magnitude is exact in float in every order.
bool sums_are_exact(std::int64_t terms, std::int64_t largest) {
  return static_cast<double>(terms + 1) * static_cast<double>(largest) < 0x1p24;
}

class Conv2dOperator final : public FormulaOperator<Forward, Backward> {
 public:
  std::string_view name() const override { return "conv2d"; }

  Signature signature(const Problem& problem) const override {
    const Conv2d op(problem);
    const DType dtype = problem.dtype;
    const FillRange activation{.moves_with_offset = true, .takes_special = true};
    // As wide as PyTorch draws them, so that y stays of the order of x in float16.
    const FillRange weight{.deviation = 1.0 / std::sqrt(static_cast<double>(std::max<std::int64_t>(op.window(), 1))),
                           .adversarial_limit = 4.0};
    const std::int64_t limit = activation.exact_limit, product = limit * limit;
    const std::int64_t positions = op.images * op.out_size.height * op.out_size.width;
    Signature s;
    s.inputs.push_back({"x", Role::input, dtype, op.x_shape, activation, true});
    s.inputs.push_back({"weight", Role::input, dtype, op.weight_shape, weight});
    if (problem.direction == Direction::forward) {
      if (op.bias) s.inputs.push_back({"bias", Role::input, dtype, {op.out_channels}, {.deviation = 0.5}});
      s.outputs.push_back({"y", Role::output, dtype, op.y_shape, {}, true, sums_are_exact(op.window(), product)});
      return s;
    }
    const std::int64_t meetings = op.out_per_group() * op.kernel.height * op.kernel.width;
    s.inputs.push_back({"g_y", Role::gradient, dtype, op.y_shape, {}, true});
    s.outputs.push_back({"d_x", Role::output, dtype, op.x_shape, {}, true, sums_are_exact(meetings, product)});
    s.outputs.push_back(
        {"d_weight", Role::output, dtype, op.weight_shape, {}, false, sums_are_exact(positions, product)});
    if (op.bias)
      s.outputs.push_back(
          {"d_bias", Role::output, dtype, {op.out_channels}, {}, false, sums_are_exact(positions, limit)});
    return s;
  }

  /// Two operations per product, those with padding counted; every tensor moves once.
  Cost cost(const Problem& problem) const override {
    const Conv2d op(problem);
    const auto count = [](const Shape& shape) { return static_cast<double>(element_count(shape)); };
    const double x = count(op.x_shape), weight = count(op.weight_shape), y = count(op.y_shape),
                 bias = op.bias ? static_cast<double>(op.out_channels) : 0.0, adds = op.bias ? y : 0.0,
                 size = static_cast<double>(size_in_bytes(problem.dtype));
    const double products = y * static_cast<double>(op.window());
    if (problem.direction == Direction::forward) return {2 * products + adds, (x + weight + bias + y) * size};
    return {4 * products + adds, (2 * x + 2 * weight + bias + y) * size};
  }

  std::vector<Fault> faults(const Problem& problem) const override { return conv2d_faults(problem); }

  std::vector<Equivalence> equivalences() const override {
    return {{"tf32_operands",
             {DType::f16, DType::bf16},
             "tf32 holds 11 bits of significand and the exponents of float32: every f16 and bf16 number is one already",
             {}}};
  }

  std::vector<Fill> fills() const override {
    return {Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special};
  }
};

}  // namespace

const Operator& conv2d_operator() {
  static const Conv2dOperator instance;
  return instance;
}

}  // namespace lockstep
