// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>
#include <vector>

#include "harness/data/values.hpp"
#include "harness/numerics/dual.hpp"
#include "harness/numerics/tracked.hpp"

namespace lockstep {

/// A tensor as a formula over the scalar type T reads it: operand[i] is the row-major element i, exact. Absent optional
/// tensors (no bias) are false in a boolean context.
template <class T>
class Operand {
 public:
  Operand() = default;
  explicit Operand(const Values& values) : values_(&values) {}

  explicit operator bool() const { return values_ != nullptr; }
  T operator[](std::int64_t index) const {
    if (const float* floats = values_->floats()) return T(static_cast<double>(floats[index]));
    return T((*values_)[index]);
  }
  /// Element of a tensor of integers, in no scalar type: indices must not be rounded to T.
  std::int64_t integer(std::int64_t index) const { return values_->integers()[index]; }
  std::int64_t count() const { return values_->count(); }
  const Shape& shape() const { return values_->shape(); }
  /// All elements as they are held, for loops over them; null unless they are held as float.
  const float* floats() const { return values_->floats(); }

 private:
  const Values* values_ = nullptr;
};

/// With derivatives: the element's tangent comes from a second tensor; without one it is zero. For nested duals the inner
/// value takes `tangents` and the outer part `outer`, so that the mixed second derivative runs along both.
template <class U>
class Operand<Dual<U>> {
 public:
  Operand() = default;
  explicit Operand(const Values& values, const Values* tangents = nullptr, const Values* outer = nullptr)
      : values_(&values), tangents_(tangents), outer_(outer) {}

  explicit operator bool() const { return values_ != nullptr; }
  Dual<U> operator[](std::int64_t index) const {
    const auto read = [index](const Values* values) { return values ? (*values)[index] : 0.0; };
    if constexpr (std::is_same_v<U, double>)
      return {(*values_)[index], read(tangents_)};
    else
      return {U((*values_)[index], read(tangents_)), U(read(outer_))};
  }
  std::int64_t integer(std::int64_t index) const { return values_->integers()[index]; }
  std::int64_t count() const { return values_->count(); }
  const Shape& shape() const { return values_->shape(); }

 private:
  const Values* values_ = nullptr;
  const Values* tangents_ = nullptr;
  const Values* outer_ = nullptr;
};

/// Any output element of a formula alone: what lets a large problem be judged by a sample.
template <class T>
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  /// Element `index` (row-major) of output number `output` (order of the operator's signature).
  virtual T element(std::size_t output, std::int64_t index) const = 0;
};

/// Per-group results computed when first asked for: a sample of a few rows must not cost the statistics of all rows.
template <class Group>
class LazyGroups {
 public:
  explicit LazyGroups(std::int64_t count) : groups_(static_cast<std::size_t>(count)), known_(groups_.size(), 0) {}
  template <class Compute>
  const Group& at(std::int64_t group, Compute compute) const {
    const auto slot = static_cast<std::size_t>(group);
    if (!known_[slot]) {
      groups_[slot] = compute(group);
      known_[slot] = 1;
    }
    return groups_[slot];
  }

 private:
  mutable std::vector<Group> groups_;
  mutable std::vector<char> known_;
};

}  // namespace lockstep
