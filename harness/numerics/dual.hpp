// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

namespace lockstep {

/// 1 / sqrt(x), by its name in CUDA; formulas call it for every scalar type.
inline double rsqrt(double x) { return 1.0 / std::sqrt(x); }
inline float rsqrt(float x) { return 1.0f / std::sqrt(x); }

/// A value and its derivative along one direction (forward-mode differentiation). Dual<Dual<double>> carries second
/// derivatives. Formulas written for a scalar type become their own directional derivative: the check of every
/// hand-written backward.
template <class T>
struct Dual {
  T value{}, tangent{};

  Dual() = default;
  Dual(double constant) : value(constant) {}  // implicit: literals in formulas are constants
  Dual(T value_, T tangent_) : value(value_), tangent(tangent_) {}

  friend Dual operator-(const Dual& a) { return {-a.value, -a.tangent}; }
  friend Dual operator+(const Dual& a, const Dual& b) { return {a.value + b.value, a.tangent + b.tangent}; }
  friend Dual operator-(const Dual& a, const Dual& b) { return {a.value - b.value, a.tangent - b.tangent}; }
  friend Dual operator*(const Dual& a, const Dual& b) {
    return {a.value * b.value, a.tangent * b.value + a.value * b.tangent};
  }
  friend Dual operator/(const Dual& a, const Dual& b) {
    const T quotient = a.value / b.value;
    return {quotient, (a.tangent - quotient * b.tangent) / b.value};
  }
  Dual& operator+=(const Dual& b) { return *this = *this + b; }
  Dual& operator-=(const Dual& b) { return *this = *this - b; }
  Dual& operator*=(const Dual& b) { return *this = *this * b; }
  friend bool operator<(const Dual& a, const Dual& b) { return a.value < b.value; }
  friend bool operator>(const Dual& a, const Dual& b) { return a.value > b.value; }

  // Friends, so that they are found through their argument only and hide no function of the C library.
  friend Dual exp(const Dual& x) {
    using std::exp;
    const T e = exp(x.value);
    return {e, e * x.tangent};
  }
  friend Dual log(const Dual& x) {
    using std::log;
    return {log(x.value), x.tangent / x.value};
  }
  friend Dual erf(const Dual& x) {
    using std::erf;
    using std::exp;
    return {erf(x.value), T(1.1283791670955126) * exp(-(x.value * x.value)) * x.tangent};
  }
  friend Dual tanh(const Dual& x) {
    using std::tanh;
    const T t = tanh(x.value);
    return {t, (T(1.0) - t * t) * x.tangent};
  }
  friend Dual sqrt(const Dual& x) {
    using std::sqrt;
    const T root = sqrt(x.value);
    return {root, x.tangent / (T(2.0) * root)};
  }
  friend Dual rsqrt(const Dual& x) {
    const T root = rsqrt(x.value);
    return {root, T(-0.5) * root / x.value * x.tangent};
  }
  friend Dual abs(const Dual& x) { return x.value < T(0.0) ? -x : x; }
};

/// A statistic shared by many elements; only Tracked distinguishes it.
template <class T>
const T& shared(const T& x) {
  return x;
}
inline double value_of(double x) { return x; }
inline double value_of(float x) { return x; }
template <class T>
double value_of(const Dual<T>& x) {
  return value_of(x.value);
}

}  // namespace lockstep
