// SPDX-License-Identifier: Apache-2.0
#include "suites/operators/problem_list.hpp"

namespace lockstep {

ProblemList& ProblemList::in(std::string_view set) {
  set_ = set;
  return dtypes({DType::f32, DType::f16, DType::bf16})
      .directions(all_directions_)
      .fills({Fill::normal})
      .layouts({Layout::contiguous});
}

ProblemList& ProblemList::dtypes(std::vector<DType> dtypes) {
  dtypes_ = std::move(dtypes);
  return *this;
}
ProblemList& ProblemList::directions(std::vector<Direction> directions) {
  directions_ = std::move(directions);
  return *this;
}
ProblemList& ProblemList::fills(std::vector<Fill> fills) {
  fills_ = std::move(fills);
  return *this;
}
ProblemList& ProblemList::layouts(std::vector<Layout> layouts) {
  layouts_ = std::move(layouts);
  return *this;
}

ProblemList& ProblemList::add(std::string_view label, std::string_view source) {
  for (const Direction direction : directions_)
    for (const DType dtype : dtypes_)
      for (const Layout layout : layouts_)
        for (const Fill fill : fills_) {
          Problem problem = parse_problem(operator_name_ + "." + std::string(name_of(direction)), label);
          problem.dtype = dtype;
          problem.layout = layout;
          problem.fill = fill;
          problems_.push_back({std::move(problem), set_, std::string(source)});
        }
  return *this;
}

}  // namespace lockstep
