// SPDX-License-Identifier: Apache-2.0
#include "suites/training/scenario.hpp"

#include <cmath>
#include <sstream>

#include "harness/data/error.hpp"
#include "harness/plan/parameters.hpp"

namespace lockstep {
namespace {

std::string setting(const std::string& name, double value) { return "," + name + "=" + real_token(value); }

bool has_batch_norm(const std::string& model) {
  return !find_model(model).make({.dtype = DType::f32})->buffers().empty();
}

}  // namespace

std::string Scenario::id() const {
  std::string id = plan.mode + "/model=" + model + ",ranks=" + std::to_string(plan.ranks) +
                   ",rows=" + std::to_string(rows) + ",dtype=" + std::string(name_of(dtype));
  if (plan.micro_batches != 1) id += ",micro_batches=" + std::to_string(plan.micro_batches);
  if (!plan.rows.empty()) {
    id += ",parts=";
    for (const RowRange& range : plan.rows)
      id += (&range == &plan.rows.front() ? "" : "+") + std::to_string(range.count());
  }
  if (plan.sync_batch_norm) id += ",sync_batch_norm";
  if (!plan.broadcast_buffers) id += ",broadcast_buffers=false";
  if (plan.find_unused_parameters) id += ",find_unused_parameters";
  if (plan.optimizer.kind != "sgd") id += ",optimizer=" + plan.optimizer.kind;
  if (plan.clipping)
    id += plan.clipping->kind == ClippingPlan::Kind::value
              ? setting("clip_value", plan.clipping->max)
              : setting("clip_norm", plan.clipping->max) + (std::isinf(plan.clipping->norm_type)
                                                                ? ",norm_type=inf"
                                                                : setting("norm_type", plan.clipping->norm_type));
  if (plan.autocast) id += ",autocast=" + std::string(name_of(*plan.autocast));
  if (plan.loss_scaling) id += setting("loss_scale", plan.loss_scaling->initial);
  if (plan.first_bucket_bytes != TrainingPlan{}.first_bucket_bytes)
    id += ",first_bucket_bytes=" + std::to_string(plan.first_bucket_bytes);
  if (plan.bucket_bytes != TrainingPlan{}.bucket_bytes) id += ",bucket_bytes=" + std::to_string(plan.bucket_bytes);
  if (!plan.rebuild_buckets) id += ",rebuild_buckets=false";
  for (const int& device : plan.device_ids)
    id += (&device == &plan.device_ids.front() ? ",device_ids=" : "+") + std::to_string(device);
  if (plan.output_device) id += ",output_device=" + std::to_string(*plan.output_device);
  return id;
}

std::string Scenario::options() const {
  const std::string whole = id(), dtype_end = ",dtype=" + std::string(name_of(dtype));
  const std::size_t at = whole.find(dtype_end) + dtype_end.size();
  return at < whole.size() ? whole.substr(at + 1) : "";
}

bool Scenario::equals_one_rank(bool model_has_batch_norm) const {
  if (plan.autocast || plan.weighs_micro_batches_equally) return false;
  const bool parts_are_equal = plan.rows.empty() && rows % plan.ranks == 0;
  if (plan.mode == "single") return true;
  if (plan.mode == "distributed_data_parallel")
    return parts_are_equal && (!model_has_batch_norm || (plan.sync_batch_norm && plan.micro_batches == 1));
  return !model_has_batch_norm;
}

std::string trainable_models() {
  std::string names;
  for (const ModelDefinition& model : model_definitions())
    if (!model.has_published_size) names += (names.empty() ? "" : ", ") + model.name;
  return names;
}

const ModelDefinition& find_trainable_model(const std::string& name) {
  const ModelDefinition& model = find_model(name);
  if (!model.has_published_size) return model;
  // Of every step the record keeps parameters before and behind it, gradients and an optimiser's state.
  std::ostringstream gigabytes;
  gigabytes.precision(2);
  gigabytes << 4e-9 * sizeof(double) * static_cast<double>(model.parameter_count);
  throw Error("the model " + name + " has its published size of " + std::to_string(model.parameter_count) +
              " parameters, for GPUs: to judge a step by its formulas in double takes a CPU minutes to hours, and " +
              gigabytes.str() + " GB a step beside activations; accepted: " + trainable_models());
}

std::vector<Scenario> standard_scenarios(const std::string& model, const std::vector<int>& ranks, std::int64_t rows,
                                         std::int64_t steps, std::uint64_t seed) {
  std::vector<Scenario> scenarios;
  Scenario basic{.plan = {}, .model = model, .rows = rows, .steps = steps, .seed = seed};
  basic.plan.optimizer = model == "exact" ? OptimizerPlan{.lr = 0.03125} : OptimizerPlan{.lr = 0.05, .momentum = 0.9};
  const auto add = [&](const std::string& mode, int count, auto change) {
    Scenario scenario = basic;
    scenario.plan.mode = mode;
    scenario.plan.ranks = count;
    change(scenario);
    if (count <= rows) scenarios.push_back(std::move(scenario));
  };
  const auto nothing = [](Scenario&) {};
  add("single", 1, nothing);
  if (model == "exact") {
    add("gradient_accumulation", 1, [](Scenario& s) { s.plan.micro_batches = 4; });
  } else {
    add("single", 1, [](Scenario& s) { s.plan.optimizer = {.kind = "adam", .lr = 1e-3}; });
    add("single", 1, [](Scenario& s) { s.plan.autocast = DType::bf16; });
    add("gradient_accumulation", 1, [](Scenario& s) { s.plan.micro_batches = 4; });
  }
  for (const int count : ranks) {
    if (count < 2) continue;
    add("data_parallel", count, nothing);
    if (count == ranks.front()) add("data_parallel", count, [](Scenario& s) { s.plan.output_device = 1; });
    add("distributed_data_parallel", count, nothing);
    if (has_batch_norm(model))
      add("distributed_data_parallel", count, [](Scenario& s) { s.plan.sync_batch_norm = true; });
  }
  if (model == "exact") return scenarios;
  for (const int count : ranks) {
    if (count < 2) continue;
    add("distributed_data_parallel", count, [](Scenario& s) { s.plan.micro_batches = 2; });
    add("distributed_data_parallel", count, [](Scenario& s) { s.plan.clipping = ClippingPlan{.max = 0.1}; });
    break;
  }
  return scenarios;
}

}  // namespace lockstep
