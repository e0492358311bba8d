// SPDX-License-Identifier: Apache-2.0
#include "reference/mean_faults.hpp"

#include "harness/numerics/sum.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/mean.hpp"

namespace lockstep {
namespace {

using Wrong = std::unique_ptr<Evaluator<double>>;

/// Mean with `divisor` for the number of terms, and of the sum only `summed` terms of each output.
Wrong with_divisor(const Problem& problem, const std::vector<Values>& in, double divisor, std::int64_t summed) {
  const Mean op(problem);
  if (problem.direction == Direction::backward)
    return std::make_unique<WrongAnswer>(
        [op, &in, divisor](std::size_t, std::int64_t i) { return in[0][op.output_of(i)] / divisor; });
  return std::make_unique<WrongAnswer>([op, &in, divisor, summed](std::size_t, std::int64_t i) {
    const std::int64_t first = op.first_term(i);
    return sum<double>(summed, [&](std::int64_t term) { return in[0][first + op.term_offset(term)]; }) / divisor;
  });
}

Wrong divisor_minus_one(const Problem& p, const std::vector<Values>& in) {
  const Mean op(p);
  return op.terms < 2 ? nullptr : with_divisor(p, in, static_cast<double>(op.terms - 1), op.terms);
}

Wrong divisor_of_kept_axes(const Problem& p, const std::vector<Values>& in) {
  const Mean op(p);
  if (op.terms == 0 || op.outputs == 0 || op.outputs == op.terms) return nullptr;
  return with_divisor(p, in, static_cast<double>(op.outputs), op.terms);
}

Wrong not_divided(const Problem& p, const std::vector<Values>& in) {
  const Mean op(p);
  return op.terms < 2 ? nullptr : with_divisor(p, in, 1.0, op.terms);
}

Wrong last_term_dropped(const Problem& p, const std::vector<Values>& in) {
  const Mean op(p);
  if (op.terms < 2 || p.direction == Direction::backward) return nullptr;
  return with_divisor(p, in, static_cast<double>(op.terms), op.terms - 1);
}

Wrong slice_dropped(const Problem& p, const std::vector<Values>& in) {
  const Mean op(p);
  if (op.terms < 8 || p.direction == Direction::backward) return nullptr;
  return with_divisor(p, in, static_cast<double>(op.terms), op.terms - op.terms / 8);
}

/// Takes a kept axis for a reduced one of the same extent: nothing about the shapes gives it away.
Wrong axes_confused(const Problem& p, const std::vector<Values>& in) {
  const Mean op(p);
  for (std::size_t reduced = 0; reduced < op.shape.size(); ++reduced)
    for (std::size_t kept = 0; kept < op.shape.size(); ++kept) {
      if (!op.is_reduced[reduced] || op.is_reduced[kept] || op.shape[reduced] != op.shape[kept] || op.shape[kept] < 2)
        continue;
      std::vector<std::int64_t> dim;
      for (std::size_t axis = 0; axis < op.shape.size(); ++axis)
        if (axis == kept || (op.is_reduced[axis] && axis != reduced)) dim.push_back(static_cast<std::int64_t>(axis));
      Problem changed = p;
      changed.parameters.set_integers("dim", dim);
      return mean_as(changed, in);
    }
  return nullptr;
}

}  // namespace

std::vector<Fault> mean_faults() {
  return {
      {"divisor_minus_one", "divided by the number of terms minus one", divisor_minus_one},
      {"divisor_of_kept_axes", "divided by the number of elements of the kept axes", divisor_of_kept_axes},
      {"not_divided", "the sum (or the gradient) without its division", not_divided},
      {"last_term_dropped", "the last term of every sum left out", last_term_dropped},
      {"slice_dropped", "the last eighth of every sum left out", slice_dropped},
      {"axes_confused", "a kept axis taken for a reduced one of the same extent", axes_confused},
  };
}

}  // namespace lockstep
