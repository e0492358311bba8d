// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/reference_implementation.hpp"
#include "kernels/implementations.hpp"
#include "reference/operators.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {
namespace {

Catalogued entry(const Operator& definition, std::vector<Implementation> own, std::vector<ListedProblem> problems) {
  std::vector<Implementation> all = reference_implementations(definition);
  all.insert(all.end(), std::make_move_iterator(own.begin()), std::make_move_iterator(own.end()));
  return {&definition, std::move(all), std::move(problems)};
}

}  // namespace

const Catalogue& catalogue() {
  static const Catalogue instance([] {
    std::vector<Catalogued> operators;
#define OPERATOR(name) operators.push_back(entry(name##_operator(), name##_implementations(), name##_problems()));
#include "reference/operators.def"
#undef OPERATOR
    return operators;
  }());
  return instance;
}

}  // namespace lockstep
