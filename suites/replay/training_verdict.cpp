// SPDX-License-Identifier: Apache-2.0
#include "suites/replay/training_verdict.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>

#include "harness/data/error.hpp"
#include "harness/data/npy.hpp"
#include "suites/replay/agreement.hpp"
#include "suites/replay/training_case.hpp"
#include "suites/training/catalogue_executor.hpp"
#include "suites/training/modes/modes.hpp"
#include "suites/training/perturbed_executor.hpp"

namespace lockstep {
namespace {

using Arrays = std::map<std::string, Values>;

Values by_step_and_rank(const TrainingRecord& record, std::vector<double> RankRecord::*series, bool of_every_rank,
                        DType dtype) {
  const std::vector<double>& first = record.ranks[0].*series;
  const auto steps = static_cast<std::int64_t>(first.size());
  const auto ranks = static_cast<std::int64_t>(of_every_rank ? record.ranks.size() : 1);
  Values values(dtype, of_every_rank ? Shape{steps, ranks} : Shape{steps});
  for (std::int64_t step = 0; step < steps; ++step)
    for (std::int64_t rank = 0; rank < ranks; ++rank)
      values.set(step * ranks + rank,
                 (record.ranks[static_cast<std::size_t>(rank)].*series)[static_cast<std::size_t>(step)]);
  return values;
}

Values of_every_rank(const TrainingRecord& record, const std::string& buffer, DType dtype) {
  const Values& first = record.ranks[0].buffers.at(buffer);
  Shape shape = first.shape();
  shape.insert(shape.begin(), static_cast<std::int64_t>(record.ranks.size()));
  Values values(dtype, shape);
  std::int64_t at = 0;
  for (const RankRecord& rank : record.ranks)
    for (std::int64_t i = 0; i < first.count(); ++i) values.set(at++, rank.buffers.at(buffer)[i]);
  return values;
}

/// The record as the format of cases names and shapes it.
Arrays arrays_of(const TrainingRecord& record, const TrainingPlan& plan, DType dtype) {
  const bool has_ranks = plan.mode == "distributed_data_parallel";
  Arrays arrays;
  arrays["losses"] = by_step_and_rank(record, &RankRecord::losses, has_ranks, dtype);
  arrays["grad_norms"] = by_step_and_rank(record, &RankRecord::gradient_norms, false, dtype);
  for (const auto& [name, values] : record.ranks[0].parameters) arrays["final/" + name] = values.rounded_to(dtype);
  for (const auto& [name, values] : record.ranks[0].buffers)
    arrays["final_buffers/" + name] = has_ranks ? of_every_rank(record, name, dtype) : values.rounded_to(dtype);
  return arrays;
}

TrainingRecord train_case(const TrainingCase& item, DType dtype,
                          std::function<std::unique_ptr<Executor>()> make_executor) {
  TrainingJob job;
  job.plan = item.plan;
  job.steps = item.steps;
  job.make_model = [&] { return make_case_model(item.model, dtype, item.initial); };
  job.batch = [&](std::int64_t step) { return batch_of(item, step, dtype); };
  if (make_executor) job.make_executor = std::move(make_executor);
  return train(job);
}

Arrays in_double(const TrainingCase& item, std::uint64_t perturbation) {
  std::atomic<std::uint64_t> seed = perturbation;
  const auto executor = [&]() -> std::unique_ptr<Executor> {
    if (perturbation == 0) return std::make_unique<ReferenceExecutor>();
    return std::make_unique<PerturbedExecutor>(DType::f32, seed++);
  };
  return arrays_of(train_case(item, DType::f64, executor), item.plan, DType::f64);
}

/// Ranks that must hold the same parameters do, after every step.
std::string divergence(const TrainingRecord& record, const TrainingPlan& plan) {
  if (plan.mode != "distributed_data_parallel") return {};
  for (std::size_t rank = 1; rank < record.ranks.size(); ++rank)
    for (std::size_t step = 0; step < record.ranks[0].parameter_hashes.size(); ++step)
      if (record.ranks[rank].parameter_hashes[step] != record.ranks[0].parameter_hashes[step])
        return "rank " + std::to_string(rank) + " and rank 0 have different parameters after step " +
               std::to_string(step);
  return {};
}

Values expected_array(const TrainingCase& item, const std::string& name, bool& exists) {
  const std::filesystem::path path = item.folder / (name + ".npy");
  exists = std::filesystem::exists(path);
  return exists ? read_npy(path.string()) : Values();
}

/// By element, how far float32 may be from the run in double.
std::vector<double> spread_of(const Values& exact, const std::vector<Arrays>& perturbed, const std::string& name) {
  double largest = 0, scale = 0;
  for (const Arrays& run : perturbed)
    for (std::int64_t i = 0; i < exact.count(); ++i) largest = std::max(largest, std::abs(run.at(name)[i] - exact[i]));
  for (std::int64_t i = 0; i < exact.count(); ++i) scale = std::max(scale, std::abs(exact[i]));
  const double limit = kSpreadsAllowed * std::max(largest, unit_roundoff(DType::f32) * scale);
  return std::vector<double>(static_cast<std::size_t>(exact.count()), limit);
}

/// `exact` and `perturbed`: runs in double that say how far one in a narrower dtype may be off.
CaseVerdict compare_within(const TrainingCase& item, const TrainingRecord& record, DType dtype, const Arrays& exact,
                           const std::vector<Arrays>& perturbed) {
  CaseVerdict verdict;
  verdict.kind = VerdictKind::computed;
  std::string difference = divergence(record, item.plan);
  double worst = 0;
  int compared = 0;
  for (auto& [name, got] : arrays_of(record, item.plan, dtype)) {
    ComputedArray array{.name = name, .got = got, .truth = dtype == DType::f64 ? got : exact.at(name), .bound = {}};
    if (dtype != DType::f64) array.bound = spread_of(array.truth, perturbed, name);
    bool exists = false;
    const Values expected = expected_array(item, name, exists);
    if (exists) {
      ++compared;
      const ArrayAgreement agreement = compare_array(array, {.expected = &expected, .is_drifted = dtype != DType::f64});
      worst = std::max(worst, agreement.worst_in_limits);
      if (!agreement.agrees && difference.empty()) difference = agreement.difference;
      if (dtype != DType::f64 && difference.empty()) {
        const ArrayAgreement of_formula = compare_exact(name, array.truth, expected, false);
        if (!of_formula.agrees) difference = "in float64 " + of_formula.difference;
      }
    }
    verdict.arrays.push_back(std::move(array));
  }
  if (!difference.empty()) {
    verdict.kind = VerdictKind::differs;
    verdict.text = difference;
  } else if (compared > 0) {
    verdict.kind = VerdictKind::agreed;
    verdict.text = std::to_string(compared) + " arrays, worst at " + std::to_string(worst) + " of its limit";
  }
  return verdict;
}

CaseVerdict compare(const TrainingCase& item, const TrainingRecord& record, DType dtype) {
  if (dtype == DType::f64) return compare_within(item, record, dtype, {}, {});
  const Arrays exact = in_double(item, 0);
  std::vector<Arrays> perturbed;
  const auto perturb = [&](int runs) {
    while (perturbed.size() < static_cast<std::size_t>(runs))
      perturbed.push_back(in_double(item, 1000 * (perturbed.size() + 1)));
  };
  perturb(kPerturbedRuns);
  const CaseVerdict verdict = compare_within(item, record, dtype, exact, perturbed);
  if (verdict.kind != VerdictKind::differs) return verdict;
  perturb(kPerturbedRunsInDoubt);
  return compare_within(item, record, dtype, exact, perturbed);
}

}  // namespace

CaseVerdict judge_training(const std::filesystem::path& folder, const Catalogue& catalogue,
                           const std::string& implementation, DType dtype) {
  CaseVerdict verdict;
  TrainingCase item;
  try {
    item = read_training_case(folder);
  } catch (const Error& error) {
    verdict.kind = VerdictKind::unreadable;
    verdict.text = error.what();
    return verdict;
  }
  if (item.not_served.empty() && dtype != DType::f64 && dtype != DType::f32)
    item.not_served = "training in " + std::string(name_of(dtype)) + " is not served; accepted: f64, f32";
  if (item.not_served.empty() && implementation == "cuda" && dtype == DType::f64)
    item.not_served = "Lockstep's kernels have no f64; accepted: f32";
  if (item.not_served.empty() && implementation != "reference" && implementation != "cuda")
    item.not_served = "a training mode is not one implementation; accepted: reference, cuda";
  if (!item.not_served.empty()) {
    verdict.text = item.not_served;
    return verdict;
  }
  try {
    std::function<std::unique_ptr<Executor>()> executor;
    if (implementation == "cuda")
      executor = [&] { return std::make_unique<CatalogueExecutor>(catalogue, std::vector{Backend::cuda}); };
    return compare(item, train_case(item, dtype, executor), dtype);
  } catch (const Error& error) {
    verdict.kind = VerdictKind::failed;
    verdict.text = error.what();
    verdict.skip_reason = error.what();
    return verdict;
  }
}

}  // namespace lockstep
