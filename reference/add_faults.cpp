// SPDX-License-Identifier: Apache-2.0
#include "reference/add_faults.hpp"

#include <array>
#include <optional>

#include "harness/numerics/sum.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/add.hpp"
#include "reference/broadcast.hpp"

namespace lockstep {
namespace {

/// How a wrong implementation walks over its operands and scales them.
struct Recipe {
  double a_scale = 1.0, b_scale = 1.0;
  Strides a_strides, b_strides;

  explicit Recipe(const Add& op)
      : b_scale(op.alpha), a_strides(broadcast_strides(op.a, op.y)), b_strides(broadcast_strides(op.b, op.y)) {}
};

/// Forward: the sum by the recipe. Backward: every element of g_y goes where the recipe reads; `sums` false: only one
/// of the elements that meet in a place is kept, the first.
std::unique_ptr<Evaluator<double>> by_recipe(const Add& op, Direction direction, const std::vector<Values>& in,
                                             const Recipe& recipe, bool sums = true) {
  if (direction == Direction::forward)
    return std::make_unique<WrongAnswer>([op, &in, recipe](std::size_t, std::int64_t i) {
      return recipe.a_scale * in[0][offset_of(i, op.y, recipe.a_strides)] +
             recipe.b_scale * in[1][offset_of(i, op.y, recipe.b_strides)];
    });
  std::array<std::vector<double>, 2> gradients{std::vector<double>(static_cast<std::size_t>(element_count(op.a)), 0.0),
                                               std::vector<double>(static_cast<std::size_t>(element_count(op.b)), 0.0)};
  for (std::int64_t i = element_count(op.y); i-- > 0;) {
    double& d_a = gradients[0][static_cast<std::size_t>(offset_of(i, op.y, recipe.a_strides))];
    double& d_b = gradients[1][static_cast<std::size_t>(offset_of(i, op.y, recipe.b_strides))];
    d_a = (sums ? d_a : 0.0) + recipe.a_scale * in[0][i];
    d_b = (sums ? d_b : 0.0) + recipe.b_scale * in[0][i];
  }
  return std::make_unique<WrongAnswer>(
      [gradients](std::size_t output, std::int64_t i) { return gradients[output][static_cast<std::size_t>(i)]; });
}

/// The operand laid along another axis of the same extent: the axis it spans and one along which it is broadcast change
/// places. Nothing where there is no such pair, as in shapes that are not square.
std::optional<Strides> along_another_axis(const Shape& operand, const Shape& full) {
  Strides strides = broadcast_strides(operand, full);
  for (std::size_t spanned = 0; spanned < full.size(); ++spanned)
    for (std::size_t stretched = 0; stretched < full.size(); ++stretched)
      if (full[spanned] > 1 && full[spanned] == full[stretched] && strides[spanned] != 0 && strides[stretched] == 0) {
        std::swap(strides[spanned], strides[stretched]);
        return strides;
      }
  return std::nullopt;
}

std::unique_ptr<Evaluator<double>> wrong_axis(const Problem& problem, const std::vector<Values>& in) {
  const Add op(problem);
  Recipe recipe(op);
  const auto a = along_another_axis(op.a, op.y), b = along_another_axis(op.b, op.y);
  if (!a && !b) return nullptr;
  if (a) recipe.a_strides = *a;
  if (b) recipe.b_strides = *b;
  return by_recipe(op, problem.direction, in, recipe);
}

std::unique_ptr<Evaluator<double>> without_alpha(const Problem& problem, const std::vector<Values>& in) {
  const Add op(problem);
  if (op.alpha == 1.0) return nullptr;
  Recipe recipe(op);
  recipe.b_scale = 1.0;
  return by_recipe(op, problem.direction, in, recipe);
}

std::unique_ptr<Evaluator<double>> alpha_on_a(const Problem& problem, const std::vector<Values>& in) {
  const Add op(problem);
  if (op.alpha == 1.0) return nullptr;
  Recipe recipe(op);
  std::swap(recipe.a_scale, recipe.b_scale);
  return by_recipe(op, problem.direction, in, recipe);
}

std::unique_ptr<Evaluator<double>> not_reduced(const Problem& problem, const std::vector<Values>& in) {
  const Add op(problem);
  if (op.copies(op.a) <= 1 && op.copies(op.b) <= 1) return nullptr;
  return by_recipe(op, problem.direction, in, Recipe(op), false);
}

}  // namespace

std::vector<Fault> add_faults(const Problem& problem) {
  const bool forward = problem.direction == Direction::forward;
  std::vector<Fault> faults{
      {"alpha_ignored", forward ? "a + b instead of a + alpha b" : "d_b without alpha", without_alpha},
      {"alpha_on_a", forward ? "alpha a + b" : "alpha in d_a instead of d_b", alpha_on_a},
      {"wrong_axis", "a broadcast operand laid along another axis of the same extent", wrong_axis},
  };
  if (!forward)
    faults.push_back({"broadcast_not_reduced", "the gradient of one copy instead of the sum over all", not_reduced});
  return faults;
}

}  // namespace lockstep
