// SPDX-License-Identifier: Apache-2.0
#include "reference/hand_computed.hpp"

#include <string>

namespace lockstep {

Values tensor(Shape shape, std::initializer_list<double> elements, DType dtype) {
  Values values(dtype, std::move(shape));
  std::int64_t i = 0;
  for (const double element : elements) values.set(i++, element);
  return values;
}

std::vector<double> elements(const Evaluator<double>& evaluator, std::size_t output, std::int64_t count) {
  std::vector<double> all;
  for (std::int64_t i = 0; i < count; ++i) all.push_back(evaluator.element(output, i));
  return all;
}

std::vector<double> elements(const Operator& definition, std::string_view operation, std::string_view label,
                             const std::vector<Values>& inputs, std::size_t output) {
  const Problem problem = parse_problem(operation, label);
  const Shape shape = definition.signature(problem).outputs[output].shape;
  return elements(*definition.in_double(problem, operands_of<double>(inputs)), output, element_count(shape));
}

}  // namespace lockstep
