// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "harness/data/error.hpp"
#include "reference/operators.hpp"
#include "suites/replay/blocks.hpp"

namespace lockstep {
namespace {

Values one(double element) {
  Values values(DType::f64, {1});
  values.set(0, element);
  return values;
}

/// Runs a block in float64 and returns its results by name.
std::map<std::string, double> results_of(RunBlock block, const Operator& definition, const std::string& parameters,
                                         NamedValues arrays) {
  const Catalogued entry{.definition = &definition, .implementations = {}, .problems = {}};
  CaseProblem item;
  item.entry = &entry;
  item.problem = parse_problem(std::string(definition.name()) + ".forward", parameters);
  for (const auto& [name, values] : arrays) item.problem.set_shape(name, values.shape());
  item.arrays = std::move(arrays);
  CaseDescription description;
  description.op = definition.name();
  const OperatorRun run = block(item, description, [&](const Problem& problem, const NamedValues& given) {
    return evaluate_in_double(entry, problem, given);
  });
  std::map<std::string, double> results;
  for (const ComputedArray& array : run.arrays) results[array.name] = array.got[0];
  return results;
}

TEST(OptimiserSteps, HandParametersAndBufferOn) {
  // Buffers 4 (the first gradient, undamped), then 0.5 * 4 + 0.5 * 2 = 3; p = 8 - 0.5 * 4 - 0.5 * 3.
  const auto results = results_of(run_sgd_steps, sgd_operator(), "lr=0.5,momentum=0.5,dampening=0.5,steps=2",
                                  {{"p", one(8)}, {"grad0", one(4)}, {"grad1", one(2)}});
  EXPECT_EQ(results, (std::map<std::string, double>{{"p_after0", 6}, {"p_after1", 4.5}, {"state_momentum_buffer", 3}}));
}

TEST(OptimiserSteps, TakeAsManyStepsAsThereAreGradients) {
  const auto results =
      results_of(run_sgd_steps, sgd_operator(), "lr=1", {{"p", one(8)}, {"grad0", one(4)}, {"grad1", one(2)}});
  EXPECT_EQ(results, (std::map<std::string, double>{{"p_after0", 4}, {"p_after1", 2}}));
}

TEST(OptimiserSteps, CountStepsForAdam) {
  // With betas 0.5: averages 2, then 2; squares 8, then 6; the largest stays 8. Corrections 1/2, then 3/4.
  const auto results = results_of(run_adam_steps, adam_operator(), "lr=1,betas=0.5x0.5,eps=0,amsgrad=true",
                                  {{"p", one(3)}, {"grad0", one(4)}, {"grad1", one(2)}});
  EXPECT_EQ(results.at("p_after0"), 2);
  EXPECT_DOUBLE_EQ(results.at("p_after1"), 2 - 2 / 0.75 / std::sqrt(8 / 0.75));
  EXPECT_EQ(results.at("state_exp_avg"), 2);
  EXPECT_EQ(results.at("state_exp_avg_sq"), 6);
  EXPECT_EQ(results.at("state_max_exp_avg_sq"), 8);
  EXPECT_EQ(results.size(), 5u);
}

TEST(OptimiserSteps, ASingleStepUnderTheOperatorsOwnNames) {
  const auto results = results_of(run_sgd_steps, sgd_operator(), "lr=0.5,momentum=0.5",
                                  {{"p", one(8)}, {"grad", one(4)}, {"momentum_buffer", one(2)}});
  EXPECT_EQ(results, (std::map<std::string, double>{{"p_out", 5.5}, {"momentum_buffer_out", 5}}));
}

TEST(OptimiserSteps, RefuseBeforeTheyLookForGradients) {
  EXPECT_THROW(results_of(run_sgd_steps, sgd_operator(), "lr=_0.1", {{"p", one(8)}}), Refused);
  EXPECT_THROW(results_of(run_adam_steps, adam_operator(), "eps=_1", {{"p", one(8)}}), Refused);
  EXPECT_THROW(results_of(run_sgd_steps, sgd_operator(), "lr=1,steps=2", {{"p", one(8)}, {"grad0", one(4)}}), Error);
  EXPECT_THROW(results_of(run_sgd_steps, sgd_operator(), "lr=1,steps=_1", {{"p", one(8)}}), Error);
}

}  // namespace
}  // namespace lockstep
