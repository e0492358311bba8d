// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>

#include "harness/numerics/sum.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/broadcast.hpp"
#include "reference/matmul.hpp"

namespace lockstep {
namespace {

using WrongEvaluator = std::unique_ptr<Evaluator<double>>;
using Inputs = std::vector<Values>;

/// The operator in double with what can be got wrong as settings; without any it gives the right answer. `in` is
/// borrowed.
struct Wrong {
  Matmul op;
  const Inputs& in;
  bool transposed = false;         // b's matrices read along their other axis
  std::int64_t dropped_terms = 0;  // at the end of every product's sum
  bool rounded_operands = false;   // to tf32
  bool first_copy_only = false, next_matrix = false;

  Strides a_strides = broadcast_strides(op.a_batch, op.batch), b_strides = broadcast_strides(op.b_batch, op.batch);

  /// Nearest number of 11 significant bits, as the conversion instruction gives it (ties away from zero).
  static double tf32(double value) {
    const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
    const bool finite = (bits & 0x7f800000u) != 0x7f800000u;
    return finite ? std::bit_cast<float>((bits + 0x1000u) & 0xffffe000u) : value;
  }
  double held(double value) const { return rounded_operands ? tf32(value) : value; }
  double a(std::int64_t z, std::int64_t i, std::int64_t p) const {
    return held(in[0][(offset_of(z, op.batch, a_strides) * op.m + i) * op.k + p]);
  }
  double b(std::int64_t z, std::int64_t p, std::int64_t j) const {
    if (transposed) std::swap(p, j);
    std::int64_t matrix = offset_of(z, op.batch, b_strides);
    if (next_matrix) matrix = (matrix + 1) % op.b_matrices();
    return held(in[1][(matrix * op.k + p) * op.n + j]);
  }
  double g(std::int64_t z, std::int64_t i, std::int64_t j) const { return held(in[2][(z * op.m + i) * op.n + j]); }
  template <class Term>
  double sum_of(std::int64_t terms, Term term) const {
    return sum<double>(std::max<std::int64_t>(terms - dropped_terms, 0), term);
  }
  template <class Term>
  double over_copies(const Shape& own, std::int64_t matrix, Term term) const {
    const BroadcastCopies copies(own, op.batch);
    double total = 0;
    for (std::int64_t copy = 0; copy < (first_copy_only ? 1 : copies.count()); ++copy)
      total += term(copies.first(matrix) + copies.distance(copy));
    return total;
  }

  double y(std::int64_t index) const {
    const std::int64_t z = index / (op.m * op.n), i = index / op.n % op.m, j = index % op.n;
    return sum_of(op.k, [&](std::int64_t p) { return a(z, i, p) * b(z, p, j); });
  }
  double d_a(std::int64_t index) const {
    const std::int64_t i = index / op.k % op.m, p = index % op.k;
    return over_copies(op.a_batch, index / (op.m * op.k), [&](std::int64_t z) {
      return sum_of(op.n, [&](std::int64_t j) { return g(z, i, j) * b(z, p, j); });
    });
  }
  double d_b(std::int64_t index) const {
    std::int64_t p = index / op.n % op.k, j = index % op.n;
    if (transposed) std::swap(p, j);
    return over_copies(op.b_batch, index / (op.k * op.n), [&](std::int64_t z) {
      return sum_of(op.m, [&](std::int64_t i) { return a(z, i, p) * g(z, i, j); });
    });
  }
};

/// Makes the evaluator of a wrong answer; `set` turns one setting and says whether the fault can occur on this problem.
template <class Set>
Fault fault(const char* id, const char* description, Set set) {
  return {id, description, [set](const Problem& problem, const Inputs& in) -> WrongEvaluator {
            Wrong wrong{.op = Matmul(problem), .in = in};
            if (!set(wrong)) return nullptr;
            if (problem.direction == Direction::forward)
              return std::make_unique<WrongAnswer>([wrong](std::size_t, std::int64_t i) { return wrong.y(i); });
            return std::make_unique<WrongAnswer>(
                [wrong](std::size_t output, std::int64_t i) { return output == 0 ? wrong.d_a(i) : wrong.d_b(i); });
          }};
}

}  // namespace

std::vector<Fault> matmul_faults(const Problem& problem) {
  constexpr std::int64_t kSlice = 8;
  std::vector<Fault> faults{
      fault("operand_transposed", "b read along its other axis, which square matrices do not reveal",
            [](Wrong& w) {
              w.transposed = true;
              return w.op.b.size() > 1 && w.op.k == w.op.n && w.op.k > 1;
            }),
      fault("last_slice_dropped", "the last 8 terms of every product's sum left out",
            [](Wrong& w) {
              w.dropped_terms = kSlice;
              return w.op.k > 0;
            }),
      fault("last_term_dropped", "the last term of every product's sum left out",
            [](Wrong& w) {
              w.dropped_terms = 1;
              return w.op.k > 0;
            }),
      fault("tf32_operands", "operands rounded to tf32 (11 significant bits) before they are multiplied",
            [](Wrong& w) { return w.rounded_operands = true; }),
      fault("next_matrix", "every batch multiplied by the matrix of b that follows its own",
            [](Wrong& w) {
              w.next_matrix = true;
              return w.op.b_matrices() > 1;
            }),
  };
  if (problem.direction == Direction::backward)
    faults.push_back(
        fault("broadcast_not_reduced", "the gradient of one copy instead of the sum over all", [](Wrong& w) {
          w.first_copy_only = true;
          return w.op.a_copies() > 1 || w.op.b_copies() > 1;
        }));
  return faults;
}

}  // namespace lockstep
