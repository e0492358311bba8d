// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "harness/numerics/sum.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/broadcast.hpp"
#include "reference/mse_loss.hpp"

namespace lockstep {
namespace {

using WrongEvaluator = std::unique_ptr<Evaluator<double>>;
using Inputs = std::vector<Values>;

/// The operator in double with what can be got wrong as settings; without any it gives the right answer. `in` is
/// borrowed.
struct Wrong {
  MseLoss op;
  const Inputs& in;
  double divisor = op.divisor();
  std::int64_t summed = op.count;  // terms of the sum
  double factor = 2, target_factor = -2;
  bool ignores_gradient = false, sums_copies = true;
  double (*term)(double input, double target) = [](double a, double b) { return (a - b) * (a - b); };

  Strides input_strides = broadcast_strides(op.input, op.full), target_strides = broadcast_strides(op.target, op.full);

  double input(std::int64_t i) const { return in[0][offset_of(i, op.full, input_strides)]; }
  double target(std::int64_t i) const { return in[1][offset_of(i, op.full, target_strides)]; }

  double y(std::int64_t index) const {
    if (op.reduction == Reduction::none) return term(input(index), target(index));
    return sum<double>(summed, [&](std::int64_t i) { return term(input(i), target(i)); }) / divisor;
  }
  double gradient(std::size_t output, std::int64_t index) const {
    const BroadcastCopies copies(output == 0 ? op.input : op.target, op.full);
    const std::int64_t first = copies.first(index), terms = sums_copies ? copies.count() : 1;
    const double total = sum<double>(terms, [&](std::int64_t k) {
      const std::int64_t i = first + copies.distance(k);
      const double g = ignores_gradient ? 1.0 : in[2][op.reduction == Reduction::none ? i : 0];
      return (input(i) - target(i)) * g;
    });
    return (output == 0 ? factor : target_factor) * total / divisor;
  }
};

/// Makes the evaluator of a wrong answer; `set` turns one setting and says whether the fault can occur on this problem.
template <class Set>
Fault fault(const char* id, const char* description, Set set) {
  return {id, description, [set](const Problem& problem, const Inputs& in) -> WrongEvaluator {
            Wrong wrong{.op = MseLoss(problem), .in = in};
            if (wrong.op.count == 0 || !set(wrong)) return nullptr;
            const bool forward = problem.direction == Direction::forward;
            return std::make_unique<WrongAnswer>([wrong, forward](std::size_t output, std::int64_t i) {
              return forward ? wrong.y(i) : wrong.gradient(output, i);
            });
          }};
}

bool divides(const Wrong& wrong) { return wrong.op.reduction == Reduction::mean && wrong.op.count > 1; }
bool sums(const Wrong& wrong) { return wrong.op.reduction != Reduction::none; }

void add_forward_faults(std::vector<Fault>& faults) {
  faults.push_back(fault("absolute_error", "|input - target| in place of its square", [](Wrong& w) {
    w.term = [](double a, double b) { return std::abs(a - b); };
    return true;
  }));
  faults.push_back(fault("expanded_square", "input^2 - 2 input target + target^2 in float32", [](Wrong& w) {
    w.term = [](double a, double b) -> double {
      const auto x = static_cast<float>(a), t = static_cast<float>(b);
      return x * x - 2.0f * x * t + t * t;
    };
    return true;
  }));
  faults.push_back(fault("last_term_dropped", "the last term left out of the sum", [](Wrong& w) {
    w.summed = w.op.count - 1;
    return sums(w);
  }));
  faults.push_back(fault("slice_dropped", "the last eighth of the sum left out", [](Wrong& w) {
    w.summed = w.op.count - w.op.count / 8;
    return sums(w) && w.op.count >= 8;
  }));
}

void add_backward_faults(std::vector<Fault>& faults) {
  faults.push_back(fault("factor_two_dropped", "(input - target) g_y without the factor 2", [](Wrong& w) {
    w.factor = 1;
    w.target_factor = -1;
    return true;
  }));
  faults.push_back(fault("target_sign", "d_target with the sign of d_input", [](Wrong& w) {
    w.target_factor = 2;
    return true;
  }));
  faults.push_back(fault("gradient_taken_for_one", "g_y not read: 1 in its place",
                         [](Wrong& w) { return w.ignores_gradient = true; }));
  faults.push_back(fault("broadcast_not_reduced", "the gradient of one copy instead of the sum over all", [](Wrong& w) {
    w.sums_copies = false;
    return w.op.broadcasts();
  }));
}

}  // namespace

std::vector<Fault> mse_loss_faults(Direction direction) {
  std::vector<Fault> faults{
      fault("not_divided", "the sum in place of the mean",
            [](Wrong& w) {
              w.divisor = 1;
              return divides(w);
            }),
      fault("divided_by_rows", "divided by the extent of the first axis, not by the number of elements",
            [](Wrong& w) {
              if (!divides(w) || w.op.full[0] == w.op.count) return false;
              w.divisor = static_cast<double>(w.op.full[0]);
              return true;
            }),
  };
  direction == Direction::forward ? add_forward_faults(faults) : add_backward_faults(faults);
  return faults;
}

}  // namespace lockstep
