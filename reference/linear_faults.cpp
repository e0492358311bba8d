// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>

#include "harness/numerics/sum.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/linear.hpp"

namespace lockstep {
namespace {

using WrongEvaluator = std::unique_ptr<Evaluator<double>>;
using Inputs = std::vector<Values>;

/// The operator in double with what can be got wrong as settings; without any it gives the right answer. `in` is
/// borrowed.
struct Wrong {
  Linear op;
  const Inputs& in;
  bool transposed = false;  // the second factor read along its other axis
  bool without_bias = false;
  std::int64_t dropped_terms = 0;  // at the end of every product's sum
  std::int64_t dropped_rows = 0;   // at the end of d_weight's and d_bias's sums
  bool rounded_operands = false;   // to tf32
  bool averaged_bias = false;

  /// Nearest number of 11 significant bits, as the conversion instruction gives it (ties away from zero).
  static double tf32(double value) {
    const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
    const bool finite = (bits & 0x7f800000u) != 0x7f800000u;
    return finite ? std::bit_cast<float>((bits + 0x1000u) & 0xffffe000u) : value;
  }
  double at(const Values& matrix, std::int64_t row, std::int64_t column, std::int64_t columns) const {
    const double value = matrix[row * columns + column];
    return rounded_operands ? tf32(value) : value;
  }
  template <class Term>
  static double sum_of(std::int64_t terms, std::int64_t dropped, Term term) {
    return sum<double>(std::max<std::int64_t>(terms - dropped, 0), term);
  }

  double y(std::int64_t row, std::int64_t column) const {
    const std::int64_t n = op.in_features;
    const double product = sum_of(n, dropped_terms, [&](std::int64_t k) {
      return at(in[0], row, k, n) * (transposed ? at(in[1], k, column, n) : at(in[1], column, k, n));
    });
    return op.bias && !without_bias ? product + in[2][column] : product;
  }
  double d_x(std::int64_t row, std::int64_t column) const {
    return sum_of(op.out_features, dropped_terms, [&](std::int64_t k) {
      return at(in[2], row, k, op.out_features) *
             (transposed ? at(in[1], column, k, op.in_features) : at(in[1], k, column, op.in_features));
    });
  }
  double d_weight(std::int64_t row, std::int64_t column) const {
    if (transposed) std::swap(row, column);
    return sum_of(op.rows, dropped_terms + dropped_rows, [&](std::int64_t r) {
      return at(in[2], r, row, op.out_features) * at(in[0], r, column, op.in_features);
    });
  }
  double d_bias(std::int64_t column) const {
    const double total = sum_of(op.rows, 0, [&](std::int64_t r) { return in[2][r * op.out_features + column]; });
    return averaged_bias ? total / static_cast<double>(op.rows) : total;
  }
};

/// Makes the evaluator of a wrong answer; `set` turns one setting and says whether the fault can occur on this problem.
template <class Set>
Fault fault(const char* id, const char* description, Set set) {
  return {id, description, [set](const Problem& problem, const Inputs& in) -> WrongEvaluator {
            Wrong wrong{.op = Linear(problem), .in = in};
            if (!set(wrong)) return nullptr;
            if (problem.direction == Direction::forward)
              return std::make_unique<WrongAnswer>([wrong](std::size_t, std::int64_t i) {
                return wrong.y(i / wrong.op.out_features, i % wrong.op.out_features);
              });
            return std::make_unique<WrongAnswer>([wrong](std::size_t output, std::int64_t i) {
              if (output == 2) return wrong.d_bias(i);
              const std::int64_t row = i / wrong.op.in_features, column = i % wrong.op.in_features;
              return output == 0 ? wrong.d_x(row, column) : wrong.d_weight(row, column);
            });
          }};
}

}  // namespace

std::vector<Fault> linear_faults(const Problem& problem) {
  constexpr std::int64_t kSlice = 8;
  std::vector<Fault> faults{
      fault("operand_transposed", "weight read along its other axis, which square shapes do not reveal",
            [](Wrong& w) {
              w.transposed = true;
              return w.op.in_features == w.op.out_features && w.op.in_features > 1;
            }),
      fault("last_slice_dropped", "the last 8 terms of every product's sum left out",
            [](Wrong& w) {
              w.dropped_terms = kSlice;
              return w.op.in_features > 0;
            }),
      fault("tf32_operands", "operands rounded to tf32 (11 significant bits) before they are multiplied",
            [](Wrong& w) { return w.rounded_operands = true; }),
  };
  if (problem.direction == Direction::forward) {
    faults.push_back(fault("bias_dropped", "bias not added", [](Wrong& w) {
      w.without_bias = true;
      return w.op.bias;
    }));
    return faults;
  }
  faults.push_back(fault("bias_gradient_averaged", "d_bias divided by the number of rows", [](Wrong& w) {
    w.averaged_bias = true;
    return w.op.bias && w.op.rows > 1;
  }));
  faults.push_back(fault("last_row_dropped", "d_weight without the last row's contribution", [](Wrong& w) {
    w.dropped_rows = 1;
    return w.op.rows > 0;
  }));
  return faults;
}

}  // namespace lockstep
