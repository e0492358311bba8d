// SPDX-License-Identifier: Apache-2.0
#include "suites/training/sliced_training.hpp"

#include "harness/data/error.hpp"
#include "suites/training/micro_batches.hpp"
#include "suites/training/rows.hpp"

namespace lockstep {

TrainingRecord train_in_slices(const TrainingJob& job, int slices, const std::function<bool(Trainer&)>& after_step) {
  Trainer trainer(job);
  ModuleState of_first_slice;
  MicroBatchPass pass{trainer.autograd, *trainer.model, trainer.clock, [&](std::size_t index, const Variable&) {
                        // The forward of slice 0 has just moved them.
                        if (index == 0) of_first_slice = values_of(trainer.model->buffers());
                      }};
  bool goes_on = true;
  while (goes_on && trainer.step < job.steps) {
    const Batch batch = job.batch(trainer.step);
    if (batch.rows() % slices != 0)
      throw Error("a batch of " + std::to_string(batch.rows()) + " rows in " + std::to_string(slices) +
                  " slices; accepted: a multiple");
    const std::vector<RowRange> ranges = equal_rows(batch.rows(), slices);
    const double loss = pass.run(batch, ranges, micro_batch_weights(ranges, true), trainer.scaler.scale());
    for (NamedVariable& buffer : trainer.model->buffers()) buffer.variable.set_value(of_first_slice.at(buffer.name));
    trainer.finish_step(loss);
    if (after_step) goes_on = after_step(trainer);
  }
  TrainingRecord record;
  record.state = trainer.state();
  record.history = std::move(trainer.history);
  record.ranks.push_back(trainer.take_record());
  return record;
}

}  // namespace lockstep
