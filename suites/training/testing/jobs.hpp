// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/data/error.hpp"
#include "reference/models/model.hpp"
#include "suites/training/data_sets.hpp"
#include "suites/training/modes/modes.hpp"

namespace lockstep::testing {

/// A model by name, always with the same beginning, on synthetic batches of `rows`; sgd with momentum and weight decay. On
/// one rank until the plan says otherwise.
inline TrainingJob job_for(const std::string& model_name, DType dtype, std::int64_t rows, std::int64_t steps) {
  const ModelDefinition& model = find_model(model_name);
  TrainingJob job;
  job.steps = steps;
  job.keeps_history = true;
  job.make_model = [&model, dtype] { return model.make({.dtype = dtype, .seed = 3}); };
  job.batch = synthetic_batches(model, rows, dtype, 3);
  job.plan.optimizer = {.kind = "sgd", .lr = 0.05, .momentum = 0.9, .weight_decay = 0.01};
  job.plan.arrival_limit_seconds = 20;
  return job;
}

/// What the training complains of.
inline std::string message_of(const TrainingJob& job) {
  try {
    train(job);
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace lockstep::testing
