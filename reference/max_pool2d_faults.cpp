// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "harness/plan/formula_operator.hpp"
#include "reference/max_pool2d.hpp"

namespace lockstep {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// One plane of x.
struct Plane {
  const Values& x;
  std::int64_t first;
  double operator[](std::int64_t position) const { return x[first + position]; }
};

struct Choice {
  double value = -kInfinity;
  std::int64_t index = 0;
};

/// What a wrong kernel takes for the maximum of output (i, j)'s window.
using Choose = std::function<Choice(const MaxPool2d& op, const Plane& x, std::int64_t i, std::int64_t j)>;

/// Goes through a window as the formula does; `better(value, chosen)` says whether an element replaces the choice.
template <class Better>
Choice choose_by(const MaxPool2d& op, const Plane& x, std::int64_t i, std::int64_t j, Choice start, Better better) {
  const PoolAxis &v = op.vertical, &h = op.horizontal;
  start.index = v.first(i) * h.extent + h.first(j);
  for (std::int64_t row = v.first(i); row < v.end(i); row += v.dilation)
    for (std::int64_t column = h.first(j); column < h.end(j); column += h.dilation)
      if (const std::int64_t at = row * h.extent + column; better(x[at], start)) start = {x[at], at};
  return start;
}

bool is_larger(double value, const Choice& chosen) { return value > chosen.value || std::isnan(value); }

Choice choose_rightly(const MaxPool2d& op, const Plane& x, std::int64_t i, std::int64_t j) {
  return choose_by(op, x, i, j, {}, is_larger);
}

/// Calls visit(output within the plane, i, j) for the outputs whose windows span an input.
template <class Visit>
void visit_outputs(const MaxPool2d& op, std::int64_t position, Visit visit) {
  const std::int64_t row = position / op.horizontal.extent, column = position % op.horizontal.extent;
  for (std::int64_t i = op.vertical.first_output(row); i <= op.vertical.last_output(row); ++i)
    for (std::int64_t j = op.horizontal.first_output(column); j <= op.horizontal.last_output(column); ++j)
      visit(i * op.horizontal.outputs + j, i, j);
}

using Wrong = std::unique_ptr<Evaluator<double>>;

/// Outputs of a wrong choice: the forward's two, or the gradients that go where it points.
Wrong answer_of(const Problem& problem, const std::vector<Values>& in, Choose choose) {
  const MaxPool2d op(problem);
  const bool forward = problem.direction == Direction::forward;
  return std::make_unique<WrongAnswer>([&in, op, forward, choose](std::size_t output, std::int64_t index) {
    if (forward) {
      const std::int64_t within = index % op.plane_outputs();
      const Choice chosen = choose(op, {in[0], index / op.plane_outputs() * op.plane_inputs()},
                                   within / op.horizontal.outputs, within % op.horizontal.outputs);
      return output == 0 ? chosen.value : static_cast<double>(chosen.index);
    }
    const std::int64_t position = index % op.plane_inputs(), plane = index / op.plane_inputs();
    double total = 0;
    visit_outputs(op, position, [&](std::int64_t within, std::int64_t i, std::int64_t j) {
      if (choose(op, {in[0], plane * op.plane_inputs()}, i, j).index == position)
        total += in[2][plane * op.plane_outputs() + within];
    });
    return total;
  });
}

Fault wrong_choice(std::string id, std::string description, Choose choose) {
  return {std::move(id), std::move(description),
          [choose](const Problem& problem, const std::vector<Values>& in) { return answer_of(problem, in, choose); }};
}

/// The same choice under changed windows that still number as many outputs; null where nothing changes.
Fault other_windows(std::string id, std::string description, bool (*change)(MaxPool2d& op)) {
  return {std::move(id), std::move(description),
          [change](const Problem& problem, const std::vector<Values>& in) -> Wrong {
            MaxPool2d changed(problem);
            if (!change(changed)) return nullptr;
            return answer_of(problem, in, [changed](const MaxPool2d&, const Plane& x, std::int64_t i, std::int64_t j) {
              return choose_rightly(changed, x, i, j);
            });
          }};
}

Choice with_zero_padding(const MaxPool2d& op, const Plane& x, std::int64_t i, std::int64_t j) {
  const Choice right = choose_rightly(op, x, i, j);
  const auto overhangs = [](const PoolAxis& axis, std::int64_t o) {
    const std::int64_t start = o * axis.stride - axis.padding;
    return start < 0 || start + (axis.kernel - 1) * axis.dilation >= axis.extent;
  };
  if (!overhangs(op.vertical, i) && !overhangs(op.horizontal, j)) return right;
  return right.value < 0 ? Choice{0, right.index} : right;
}

/// The index as another kernel would count it.
Fault wrong_index(std::string id, std::string description,
                  std::int64_t (*count)(const MaxPool2d&, std::int64_t output, std::int64_t right)) {
  return {std::move(id), std::move(description),
          [count](const Problem& problem, const std::vector<Values>& in) -> Wrong {
            const MaxPool2d op(problem);
            return std::make_unique<WrongAnswer>([&in, op, count](std::size_t output, std::int64_t index) {
              const std::int64_t within = index % op.plane_outputs();
              const Choice right = choose_rightly(op, {in[0], index / op.plane_outputs() * op.plane_inputs()},
                                                  within / op.horizontal.outputs, within % op.horizontal.outputs);
              return output == 0 ? right.value : static_cast<double>(count(op, index, right.index));
            });
          }};
}

void add_forward_faults(std::vector<Fault>& faults) {
  faults.push_back(wrong_choice("zero_padding", "padding counts as 0 instead of -infinity", with_zero_padding));
  faults.push_back(wrong_choice("maximum_from_zero", "the running maximum starts at 0",
                                [](const MaxPool2d& op, const Plane& x, std::int64_t i, std::int64_t j) {
                                  return choose_by(op, x, i, j, {0.0, 0}, is_larger);
                                }));
  faults.push_back(wrong_index("index_in_window", "the index counts within the window, not within the plane",
                               [](const MaxPool2d& op, std::int64_t output, std::int64_t right) {
                                 const std::int64_t within = output % op.plane_outputs();
                                 const PoolAxis &v = op.vertical, &h = op.horizontal;
                                 const std::int64_t top = within / h.outputs * v.stride - v.padding,
                                                    left = within % h.outputs * h.stride - h.padding;
                                 return (right / h.extent - top) / v.dilation * h.kernel +
                                        (right % h.extent - left) / h.dilation;
                               }));
  faults.push_back(wrong_index("index_in_tensor", "the index counts through all planes",
                               [](const MaxPool2d& op, std::int64_t output, std::int64_t right) {
                                 return output / op.plane_outputs() * op.plane_inputs() + right;
                               }));
}

/// Gradients of an input as `give(whole, outputs of windows that cover it)` wrongly shares them out.
template <class Share>
Fault wrong_share(std::string id, std::string description, Share share) {
  return {std::move(id), std::move(description),
          [share](const Problem& problem, const std::vector<Values>& in) -> Wrong {
            const MaxPool2d op(problem);
            return std::make_unique<WrongAnswer>([&in, op, share](std::size_t, std::int64_t index) {
              const std::int64_t position = index % op.plane_inputs(), plane = index / op.plane_inputs();
              double total = 0;
              visit_outputs(op, position, [&](std::int64_t within, std::int64_t i, std::int64_t j) {
                const Plane x{in[0], plane * op.plane_inputs()};
                total = share(total, in[2][plane * op.plane_outputs() + within], x[position], position,
                              choose_rightly(op, x, i, j));
              });
              return total;
            });
          }};
}

void add_backward_faults(std::vector<Fault>& faults) {
  faults.push_back(wrong_share("every_tie_gets_the_gradient", "all elements equal to the maximum get its gradient",
                               [](double total, double g, double x, std::int64_t, const Choice& chosen) {
                                 return x == chosen.value ? total + g : total;
                               }));
  faults.push_back(wrong_share("gradient_to_the_whole_window", "the gradient goes to every element of the window",
                               [](double total, double g, double, std::int64_t, const Choice&) { return total + g; }));
  faults.push_back(wrong_share("overlaps_overwrite", "of overlapping windows the last one's gradient is kept",
                               [](double total, double g, double, std::int64_t position, const Choice& chosen) {
                                 return chosen.index == position ? g : total;
                               }));
}

}  // namespace

std::vector<Fault> max_pool2d_faults(const Problem& problem) {
  std::vector<Fault> faults{
      wrong_choice("last_tie_wins", "of equal maxima the last one is chosen",
                   [](const MaxPool2d& op, const Plane& x, std::int64_t i, std::int64_t j) {
                     return choose_by(op, x, i, j, {}, [](double value, const Choice& chosen) {
                       return value >= chosen.value || std::isnan(value);
                     });
                   }),
      wrong_choice("nan_ignored", "a NaN never wins, as in fmax",
                   [](const MaxPool2d& op, const Plane& x, std::int64_t i, std::int64_t j) {
                     return choose_by(op, x, i, j, {},
                                      [](double value, const Choice& chosen) { return value > chosen.value; });
                   }),
      other_windows("window_one_short", "the last column of every window is not looked at",
                    [](MaxPool2d& op) { return --op.horizontal.kernel > 0; }),
      other_windows("dilation_ignored", "the elements of a window lie next to each other",
                    [](MaxPool2d& op) {
                      const bool dilated = op.vertical.dilation > 1 || op.horizontal.dilation > 1;
                      op.vertical.dilation = op.horizontal.dilation = 1;
                      return dilated;
                    }),
      other_windows("padding_ignored", "windows begin at the first element",
                    [](MaxPool2d& op) {
                      const bool padded = op.vertical.padding > 0 || op.horizontal.padding > 0;
                      op.vertical.padding = op.horizontal.padding = 0;
                      return padded;
                    }),
      other_windows("axes_swapped", "the strides of height and width are taken for each other",
                    [](MaxPool2d& op) {
                      std::swap(op.vertical.stride, op.horizontal.stride);
                      return op.vertical.stride != op.horizontal.stride;
                    }),
  };
  if (problem.direction == Direction::forward)
    add_forward_faults(faults);
  else
    add_backward_faults(faults);
  return faults;
}

}  // namespace lockstep
