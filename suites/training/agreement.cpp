// SPDX-License-Identifier: Apache-2.0
#include "suites/training/agreement.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "suites/training/expectation.hpp"
#include "suites/training/perturbed_executor.hpp"

namespace lockstep {
namespace {

/// Calls visit(kind, tensor, values of one, values of the other or null) for everything a step holds.
template <class Visit>
void for_each_tensor(const StepSnapshot& a, const StepSnapshot& b, Visit visit) {
  const auto walk = [&](const char* kind, const ModuleState& one, const ModuleState& other) {
    for (const auto& [name, values] : one) {
      const auto found = other.find(name);
      visit(kind, name, values, found == other.end() ? nullptr : &found->second);
    }
  };
  walk("gradient", a.gradients, b.gradients);
  walk("parameter", a.parameters, b.parameters);
  walk("buffer", a.buffers, b.buffers);
}

double largest(const Values& values) {
  double most = 0;
  for (std::int64_t i = 0; i < values.count(); ++i) most = std::max(most, std::abs(values[i]));
  return most;
}

class Comparison {
 public:
  Comparison(const TrainingTolerance& tolerance, TrainingAgreement& result) : tolerance_(tolerance), result_(result) {}

  void number(const std::string& kind, const std::string& name, std::size_t step, double got, double expected,
              double scale, double& worst) {
    ++result_.numbers_compared;
    if (got == expected) return;
    result_.is_bit_identical = false;
    const double limit = limit_of(kind, name, step, scale), distance = std::abs(got - expected) / limit;
    if (!(distance <= worst)) worst = distance;
    if (!(distance <= 1.0))
      note(kind + " " + name + " of step " + std::to_string(step) + " is " + std::to_string(got) + ", expected " +
           std::to_string(expected) + " give or take " + std::to_string(limit));
  }
  void note(const std::string& difference) {
    if (result_.difference.empty()) result_.difference = difference;
  }

 private:
  double limit_of(const std::string& kind, const std::string& name, std::size_t step, double scale) const {
    const auto found = tolerance_.absolute.find(kind + " " + name);
    if (found == tolerance_.absolute.end() || step >= found->second.size())
      return tolerance_.relative * std::max(1.0, scale);
    return found->second[step];
  }

  const TrainingTolerance& tolerance_;
  TrainingAgreement& result_;
};

void compare_ranks(const TrainingRecord& got, const TrainingPlan& plan, TrainingAgreement& result) {
  if (plan.mode != "distributed_data_parallel") return;
  // Ranks that ran out of batches have fewer steps, the others all of them.
  const auto& longest = std::max_element(got.ranks.begin(), got.ranks.end(), [](const auto& a, const auto& b) {
                          return a.parameter_hashes.size() < b.parameter_hashes.size();
                        })->parameter_hashes;
  for (std::size_t step = 0; step < longest.size() && result.diverged_at_step < 0; ++step)
    for (std::size_t rank = 0; rank < got.ranks.size(); ++rank) {
      const auto& hashes = got.ranks[rank].parameter_hashes;
      if (!plan.steps_by_rank.empty() && static_cast<std::int64_t>(step) >= plan.steps_by_rank[rank]) continue;
      if (step >= hashes.size() || hashes[step] != longest[step])
        result.diverged_at_step = static_cast<std::int64_t>(step);
    }
}

}  // namespace

double TrainingAgreement::worst() const {
  double most = 0;
  for (const double part : {worst_loss, worst_gradient, worst_parameter, worst_buffer})
    if (!(part <= most)) most = part;
  return most;
}

void TrainingAgreement::merge(const TrainingAgreement& other) {
  const auto larger = [](double& mine, double theirs) {
    if (!(theirs <= mine)) mine = theirs;
  };
  larger(worst_loss, other.worst_loss);
  larger(worst_gradient, other.worst_gradient);
  larger(worst_parameter, other.worst_parameter);
  larger(worst_buffer, other.worst_buffer);
  agrees = agrees && other.agrees;
  is_bit_identical = is_bit_identical && other.is_bit_identical;
  numbers_compared += other.numbers_compared;
  if (diverged_at_step < 0) diverged_at_step = other.diverged_at_step;
  if (difference.empty()) difference = other.difference;
}

TrainingAgreement compare_training(const TrainingRecord& got, const TrainingRecord& expected, const TrainingPlan& plan,
                                   const TrainingTolerance& tolerance) {
  TrainingAgreement result;
  Comparison comparison(tolerance, result);
  compare_ranks(got, plan, result);
  if (result.diverged_at_step >= 0)
    comparison.note("ranks hold different parameters after step " + std::to_string(result.diverged_at_step));
  if (got.history.size() != expected.history.size())
    comparison.note(std::to_string(got.history.size()) + " steps, expected " + std::to_string(expected.history.size()));
  const bool one_loss = plan.mode == "data_parallel";
  for (std::size_t rank = 0; rank < (one_loss ? 1 : got.ranks.size()); ++rank) {
    const auto &is = got.ranks[rank].losses, &should = expected.ranks[std::min(rank, expected.ranks.size() - 1)].losses;
    if (is.size() != should.size())
      comparison.note("rank " + std::to_string(rank) + " took " + std::to_string(is.size()) + " steps, expected " +
                      std::to_string(should.size()));
    for (std::size_t step = 0; step < std::min(is.size(), should.size()); ++step)
      comparison.number("loss", "", step, is[step], should[step], std::abs(should[step]), result.worst_loss);
    if (one_loss) continue;
    const double evaluated = expected.ranks[std::min(rank, expected.ranks.size() - 1)].evaluation_loss;
    if (!std::isnan(evaluated))
      comparison.number("loss", "", should.empty() ? 0 : should.size() - 1, got.ranks[rank].evaluation_loss, evaluated,
                        std::abs(evaluated), result.worst_loss);
    for (const auto& [name, values] : expected.ranks[std::min(rank, expected.ranks.size() - 1)].buffers)
      for (std::int64_t i = 0; i < values.count(); ++i)
        comparison.number("buffer", name, should.empty() ? 0 : should.size() - 1, got.ranks[rank].buffers.at(name)[i],
                          values[i], largest(values), result.worst_buffer);
  }
  // Ranks that ran out of batches end with the model of those that did not; no hash has seen it.
  if (!plan.steps_by_rank.empty())
    for (std::size_t rank = 0; rank < got.ranks.size(); ++rank)
      for (const auto& [name, values] : expected.ranks[0].parameters)
        for (std::int64_t i = 0; i < values.count(); ++i)
          comparison.number("parameter", name, expected.history.size() - 1, got.ranks[rank].parameters.at(name)[i],
                            values[i], largest(values), result.worst_parameter);
  for (std::size_t step = 0; step < std::min(got.history.size(), expected.history.size()); ++step)
    for_each_tensor(expected.history[step], got.history[step],
                    [&](const std::string& kind, const std::string& name, const Values& should, const Values* is) {
                      if (!is || is->shape() != should.shape())
                        return comparison.note(kind + " " + name + " is missing");
                      double& worst = kind == "gradient"    ? result.worst_gradient
                                      : kind == "parameter" ? result.worst_parameter
                                                            : result.worst_buffer;
                      const double scale = largest(should);
                      for (std::int64_t i = 0; i < should.count(); ++i)
                        comparison.number(kind, name, step, (*is)[i], should[i], scale, worst);
                    });
  result.agrees = result.difference.empty();
  return result;
}

TrainingTolerance tolerance_of(const TrainingJob& job, const TrainingRecord& exact, DType narrower, int runs) {
  TrainingTolerance tolerance;
  const double roundoff = unit_roundoff(narrower);
  const auto widen = [&](const std::string& key, std::size_t step, double spread, double scale) {
    std::vector<double>& limits = tolerance.absolute[key];
    limits.resize(exact.history.size(), 0.0);
    limits[step] = std::max(limits[step], kSpreadsAllowed * std::max(spread, roundoff * scale));
  };
  std::atomic<std::uint64_t> seed = 1;
  for (int run = 0; run < runs; ++run) {
    TrainingJob noisy = job;
    noisy.make_executor = [&] { return std::make_unique<PerturbedExecutor>(narrower, seed++); };
    const TrainingRecord moved = expected_training(noisy);
    for (std::size_t step = 0; step < exact.history.size(); ++step) {
      for (std::size_t rank = 0; rank < exact.ranks.size(); ++rank)
        widen("loss ", step, std::abs(moved.ranks[rank].losses[step] - exact.ranks[rank].losses[step]),
              std::abs(exact.ranks[rank].losses[step]));
      for_each_tensor(exact.history[step], moved.history[step],
                      [&](const std::string& kind, const std::string& name, const Values& a, const Values* b) {
                        double spread = 0;
                        for (std::int64_t i = 0; i < a.count(); ++i)
                          spread = std::max(spread, std::abs(a[i] - (*b)[i]));
                        widen(kind + " " + name, step, spread, largest(a));
                      });
    }
  }
  return tolerance;
}

}  // namespace lockstep
