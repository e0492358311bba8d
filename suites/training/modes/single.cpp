// SPDX-License-Identifier: Apache-2.0
// One rank trains on the whole batch: the truth of every mode that is meant to equal it. With micro-batches the gradients
// of a step add up over them before the optimiser moves: gradient accumulation.
#include <memory>

#include "suites/training/micro_batches.hpp"
#include "suites/training/modes/modes.hpp"
#include "suites/training/rows.hpp"
#include "suites/training/trainer.hpp"

namespace lockstep {
namespace {

std::string refusal_of_one_rank(const TrainingPlan& plan) {
  if (plan.ranks != 1) return std::to_string(plan.ranks) + " ranks; accepted: 1";
  if (plan.sync_batch_norm) return "statistics are synchronised over ranks, and there is one";
  return {};
}

std::string single_refusal(const TrainingPlan& plan, std::int64_t) {
  if (plan.micro_batches != 1)
    return std::to_string(plan.micro_batches) + " micro-batches; accepted: 1, or the mode gradient_accumulation";
  return refusal_of_one_rank(plan);
}

std::string accumulation_refusal(const TrainingPlan& plan, std::int64_t rows) {
  if (plan.micro_batches > rows)
    return std::to_string(plan.micro_batches) + " micro-batches of " + std::to_string(rows) + " rows";
  return refusal_of_one_rank(plan);
}

TrainingRecord run(const TrainingJob& job) {
  Trainer trainer(job);
  MicroBatchPass pass{trainer.autograd, *trainer.model, trainer.clock};
  while (trainer.step < job.steps) {
    trainer.clock.begin_step();
    Batch batch;
    std::vector<RowRange> ranges;
    {
      const PhaseScope scope(trainer.clock, Phase::input);
      batch = job.batch(trainer.step);
      ranges = rows_of(job.plan, batch.rows(), job.plan.micro_batches, chunked_rows);
    }
    const auto weights = micro_batch_weights(ranges, job.plan.weighs_micro_batches_equally);
    const double loss = pass.run(batch, ranges, weights, trainer.scaler.scale());
    trainer.finish_step(loss);
    trainer.record.timelines.push_back(trainer.clock.end_step());
    trainer.offer_state();
    if (job.progress) job.progress(trainer.step - 1, loss);
  }
  TrainingRecord record;
  record.state = trainer.state();
  record.history = std::move(trainer.history);
  record.ranks.push_back(trainer.take_record());
  return record;
}

}  // namespace

const TrainingMode& single_mode() {
  static const TrainingMode mode{"single", "one rank trains on the whole batch", single_refusal, run};
  return mode;
}

const TrainingMode& gradient_accumulation_mode() {
  static const TrainingMode mode{"gradient_accumulation",
                                 "one rank adds the gradients of several micro-batches up before it steps",
                                 accumulation_refusal, run};
  return mode;
}

}  // namespace lockstep
