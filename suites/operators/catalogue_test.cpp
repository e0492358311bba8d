// SPDX-License-Identifier: Apache-2.0
// What must hold for every operator of the list, whichever they are.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "harness/data/error.hpp"
#include "harness/plan/asked_names.hpp"
#include "harness/plan/plain_data.hpp"
#include "reference/gradient_check.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {
namespace {

constexpr std::int64_t kMostElements = 2500;

std::int64_t elements_of(const Signature& signature) {
  std::int64_t elements = 0;
  for (const TensorSpec& spec : signature.outputs) elements += element_count(spec.shape);
  return elements;
}

TEST(Catalogue, EveryBackwardIsTheDerivativeOfItsForward) {
  int checked = 0, differentiable = 0;
  for (const Catalogued& entry : catalogue().operators()) {
    if (entry.definition->has_backward()) ++differentiable;
    for (const ListedProblem& listed : entry.problems) {
      const Problem& problem = listed.problem;
      if (problem.direction != Direction::backward || problem.fill != Fill::normal || problem.dtype != DType::f32)
        continue;
      const std::int64_t elements = elements_of(entry.definition->signature(problem));
      if (elements == 0 || elements > kMostElements || !entry.definition->backward_is_derivative(problem)) continue;
      EXPECT_LT(gradient_discrepancy(*entry.definition, problem, 5), 1e-11)
          << problem.operation() << "/" << problem.label();
      ++checked;
    }
  }
  EXPECT_GE(checked, 5 * differentiable);
}

TEST(Catalogue, ProblemsAndImplementationsHaveTheDirectionsOfTheirOperator) {
  for (const Catalogued& entry : catalogue().operators())
    for (const Direction direction : {Direction::forward, Direction::backward}) {
      const bool exists = direction == Direction::forward || entry.definition->has_backward();
      const auto in_direction = [direction](const auto& list, auto direction_of) {
        return std::any_of(list.begin(), list.end(), [&](const auto& item) { return direction_of(item) == direction; });
      };
      EXPECT_EQ(in_direction(entry.problems, [](const ListedProblem& p) { return p.problem.direction; }), exists)
          << entry.definition->name();
      EXPECT_EQ(in_direction(entry.implementations, [](const Implementation& i) { return i.direction; }), exists)
          << entry.definition->name();
    }
}

TEST(Catalogue, IdsAreUniqueAndReadBack) {
  std::set<std::string> seen;
  const std::string sets[] = {"smoke", "edges", "models", "images"};
  for (const Case& item : catalogue().cases(sets)) {
    const std::string id = item.id();
    EXPECT_TRUE(seen.insert(id).second) << id;
    EXPECT_EQ(id.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.=,/+"),
              std::string::npos)
        << id;
    if (seen.size() % 50 == 0) {
      EXPECT_EQ(catalogue().parse_case(id).id(), id);
    }
  }
}

TEST(Catalogue, EveryOperatorHasAKernelForEveryDtypeAndDirection) {
  const auto device = make_host_device(DeviceKind::emulated);
  for (const Catalogued& entry : catalogue().operators())
    for (const ListedProblem& listed : entry.problems) {
      if (listed.set != "smoke") continue;
      bool runs = false;
      for (const Implementation& implementation : entry.implementations)
        runs =
            runs || (implementation.backend == Backend::cuda && implementation.direction == listed.problem.direction &&
                     !implementation.unsupported(listed.problem, *device));
      EXPECT_TRUE(runs) << listed.problem.operation() << "/" << listed.problem.label();
    }
}

// Every line that reruns a case holds such names.
TEST(Catalogue, TheNamesOfListedProblemsAndOfPlainDataAreTaken) {
  for (const Catalogued& entry : catalogue().operators()) {
    std::set<std::string> seen;
    for (const ListedProblem& listed : entry.problems) {
      Problem problem = listed.problem;
      problem.parameters.set(kPlainData, "x.zero");
      std::string names;
      for (const auto& [name, shape] : problem.shapes) names += name + ",";
      for (const auto& [name, token] : problem.parameters.tokens()) names += name + ",";
      if (!seen.insert(names).second) continue;
      EXPECT_NO_THROW(refuse_unknown_names(entry, problem)) << problem.label();
    }
  }
}

TEST(Catalogue, EveryProblemSaysWhereItComesFrom) {
  for (const Catalogued& entry : catalogue().operators()) {
    std::set<std::string> sets;
    for (const ListedProblem& listed : entry.problems) {
      EXPECT_FALSE(listed.source.empty()) << listed.problem.label();
      sets.insert(listed.set);
    }
    for (const char* set : {"smoke", "edges", "models"})
      EXPECT_TRUE(sets.contains(set)) << entry.definition->name() << " " << set;
  }
}

TEST(Catalogue, UnknownNamesAreRefusedWithWhatIsAccepted) {
  EXPECT_THROW(catalogue().find("convolution"), Error);
  EXPECT_THROW(catalogue().parse_case("layer_norm.forward"), Error);
  EXPECT_THROW(catalogue().parse_case("layer_norm.sideways/cuda.warp_per_row/x=2x2,normalized_shape=2"), Error);
  EXPECT_THROW(catalogue().parse_case("layer_norm.forward/cuda.no_such/x=2x2,normalized_shape=2"), Error);
}

}  // namespace
}  // namespace lockstep
