// SPDX-License-Identifier: Apache-2.0
#include "reference/gradient_list.hpp"

#include <charconv>
#include <map>

#include "harness/data/error.hpp"

namespace lockstep {

GradientList::GradientList(const Problem& problem) {
  constexpr std::string_view kStem = "grad";
  std::map<std::int64_t, Shape> by_number;
  for (const auto& [name, shape] : problem.shapes) {
    const std::string digits = name.starts_with(kStem) ? name.substr(kStem.size()) : "";
    std::int64_t number = 0;
    const char* end = digits.data() + digits.size();
    if (digits.empty() || std::from_chars(digits.data(), end, number).ptr != end)
      throw Error(problem.operator_name + ": the input '" + name + "'; accepted: grad0, grad1, ...");
    by_number.emplace(number, shape);
  }
  for (const auto& [number, shape] : by_number) {
    numbers_.push_back(number);
    shapes_.push_back(shape);
  }
}

std::int64_t GradientList::count() const {
  std::int64_t total = 0;
  for (const Shape& shape : shapes_) total += element_count(shape);
  return total;
}

}  // namespace lockstep
