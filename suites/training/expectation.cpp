// SPDX-License-Identifier: Apache-2.0
#include "suites/training/expectation.hpp"

#include <algorithm>
#include <limits>

#include "harness/autograd/views.hpp"
#include "suites/training/replica_devices.hpp"
#include "suites/training/rows.hpp"
#include "suites/training/trainer.hpp"

namespace lockstep {
namespace {

/// One model that takes the part of each rank in turn.
class OneRank {
 public:
  explicit OneRank(const TrainingJob& job) : job_(job), plan_(job.plan), trainer_(job) {
    buffers_.assign(static_cast<std::size_t>(plan_.ranks), values_of(trainer_.model->buffers()));
    losses_.resize(buffers_.size());
  }

  TrainingRecord run() {
    while (trainer_.step < job_.steps) {
      const Batch batch = job_.batch(trainer_.step);
      if (plan_.mode == "data_parallel")
        gathered_step(batch);
      else if (plan_.sync_batch_norm)
        synchronised_step(batch);
      else
        separate_step(batch);
      if (plan_.mode == "distributed_data_parallel" && training_ranks(losses_.size()).empty()) break;
      trainer_.finish_step(losses_[0].empty() ? 0.0 : losses_[0].back());
    }
    // Ranks that ran out of batches take the model of those that trained longest.
    if (!plan_.steps_by_rank.empty()) buffers_.assign(buffers_.size(), values_of(trainer_.model->buffers()));
    TrainingRecord record;
    record.state = trainer_.state();
    record.history = std::move(trainer_.history);
    record.ranks.assign(losses_.size(), trainer_.take_record());
    for (std::size_t rank = 0; rank < losses_.size(); ++rank) {
      record.ranks[rank].losses = losses_[rank];
      record.ranks[rank].buffers = buffers_[rank];
      record.ranks[rank].evaluation_loss = evaluation_loss(rank);
    }
    return record;
  }

 private:
  void put_buffers(const ModuleState& values) {
    for (NamedVariable& buffer : trainer_.model->buffers()) buffer.variable.set_value(values.at(buffer.name));
  }

  void backward(const Variable& loss, double weight, bool retain = false) {
    Values seed(loss.dtype(), loss.shape());
    seed.set(0, weight * trainer_.scaler.scale());
    trainer_.autograd.backward(loss, Variable(std::move(seed)), {.retain_graph = retain});
  }

  double evaluation_loss(std::size_t rank) {
    if (plan_.mode != "distributed_data_parallel" || job_.steps == 0) return std::numeric_limits<double>::quiet_NaN();
    put_buffers(buffers_[rank]);
    const Batch batch = job_.batch(0);
    trainer_.evaluate(take_rows(batch, rows_of(plan_, batch.rows(), plan_.ranks, equal_rows)[rank]));
    return trainer_.record.evaluation_loss;
  }

  Variable loss_of(const Variable& output, const Values& target) {
    return trainer_.model->loss(trainer_.autograd, output, Variable(target));
  }

  std::vector<double> weights(const std::vector<RowRange>& parts) const {
    std::int64_t rows = 0;
    for (const RowRange& part : parts) rows += part.count();
    std::vector<double> weights;
    for (const RowRange& part : parts)
      weights.push_back(plan_.weighs_micro_batches_equally
                            ? 1.0 / static_cast<double>(parts.size())
                            : static_cast<double>(part.count()) / static_cast<double>(rows));
    return weights;
  }

  /// Ranks one after the other, each with its own running statistics; gradients add up with the weight of a mean.
  void separate_step(const Batch& batch) {
    const bool is_one = plan_.ranks == 1;
    const std::vector<RowRange> ranks =
        is_one ? std::vector<RowRange>{{0, batch.rows()}} : rows_of(plan_, batch.rows(), plan_.ranks, equal_rows);
    const std::vector<std::size_t> training = training_ranks(ranks.size());
    if (training.empty()) return;
    const double divisor = static_cast<double>(plan_.joined_ranks_count ? ranks.size() : training.size());
    const ModuleState first = buffers_[training.front()];
    for (const std::size_t rank : training) {
      put_buffers(plan_.broadcast_buffers ? first : buffers_[rank]);
      const Batch own = take_rows(batch, ranks[rank]);
      const std::vector<RowRange> parts = is_one ? rows_of(plan_, own.rows(), plan_.micro_batches, chunked_rows)
                                                 : chunked_rows(own.rows(), plan_.micro_batches);
      const std::vector<double> part_weights = weights(parts);
      double loss = 0;
      for (std::size_t i = 0; i < parts.size(); ++i) {
        const Batch part = take_rows(own, parts[i]);
        const Variable value = loss_of((*trainer_.model)(trainer_.autograd, Variable(part.x)), part.y);
        loss += value.value()[0] * static_cast<double>(part.rows()) / static_cast<double>(own.rows());
        backward(value, part_weights[i] / divisor);
      }
      losses_[rank].push_back(loss);
      buffers_[rank] = values_of(trainer_.model->buffers());
    }
    put_buffers(buffers_[teller()]);
  }

  /// The rank whose history tells the whole run: the first of those that train longest.
  std::size_t teller() const {
    const auto& steps = plan_.steps_by_rank;
    return steps.empty() ? 0 : static_cast<std::size_t>(std::max_element(steps.begin(), steps.end()) - steps.begin());
  }

  /// Ranks that still have a batch.
  std::vector<std::size_t> training_ranks(std::size_t ranks) const {
    std::vector<std::size_t> training;
    for (std::size_t rank = 0; rank < ranks; ++rank)
      if (plan_.steps_by_rank.empty() || trainer_.step < plan_.steps_by_rank[rank]) training.push_back(rank);
    return training;
  }

  /// All ranks' rows of a micro-batch through the model at once, so that its norms see all of them; a loss per rank.
  void synchronised_step(const Batch& batch) {
    const std::vector<RowRange> ranks = rows_of(plan_, batch.rows(), plan_.ranks, equal_rows);
    for (std::vector<double>& losses : losses_) losses.push_back(0.0);
    for (int index = 0; index < plan_.micro_batches; ++index) {
      std::vector<Variable> inputs;
      std::vector<Batch> parts;
      std::vector<double> part_weights;
      for (const RowRange& rank : ranks) {
        const std::vector<RowRange> pieces = chunked_rows(rank.count(), plan_.micro_batches);
        const RowRange piece = pieces.at(static_cast<std::size_t>(index));
        parts.push_back(take_rows(batch, {rank.begin + piece.begin, rank.begin + piece.end}));
        part_weights.push_back(weights(pieces).at(static_cast<std::size_t>(index)));
        inputs.emplace_back(parts.back().x);
      }
      const Variable output = (*trainer_.model)(trainer_.autograd, concatenate(trainer_.autograd, inputs, 0));
      std::int64_t row = 0;
      for (std::size_t rank = 0; rank < parts.size(); ++rank) {
        const std::int64_t rows = parts[rank].rows();
        const Variable loss = loss_of(narrow(trainer_.autograd, output, 0, row, rows), parts[rank].y);
        losses_[rank].back() += loss.value()[0] * static_cast<double>(rows) / static_cast<double>(ranks[rank].count());
        backward(loss, part_weights[rank] / static_cast<double>(ranks.size()), rank + 1 < parts.size());
        row += rows;
      }
    }
    buffers_.assign(buffers_.size(), values_of(trainer_.model->buffers()));
  }

  /// Chunk by chunk from the same running statistics, one loss over all outputs. With several replicas every parameter
  /// gets a gradient, zeros where none of them used it.
  void gathered_step(const Batch& batch) {
    const ModuleState before = values_of(trainer_.model->buffers());
    ModuleState after;
    std::vector<Variable> outputs;
    const int replicas = ReplicaDevices::of(plan_).count();
    for (const RowRange& chunk : rows_of(plan_, batch.rows(), replicas, chunked_rows)) {
      put_buffers(before);
      outputs.push_back((*trainer_.model)(trainer_.autograd, Variable(take_rows(batch, chunk).x)));
      if (outputs.size() == 1) after = values_of(trainer_.model->buffers());
    }
    put_buffers(after);
    const Variable loss = loss_of(concatenate(trainer_.autograd, outputs, 0), batch.y);
    backward(loss, 1.0);
    if (replicas > 1)
      for (NamedVariable& parameter : trainer_.parameters)
        if (!parameter.variable.gradient())
          parameter.variable.set_gradient(Variable(Values(parameter.variable.dtype(), parameter.variable.shape())));
    for (std::vector<double>& losses : losses_) losses.push_back(loss.value()[0]);
    buffers_.assign(buffers_.size(), after);
  }

  const TrainingJob& job_;
  const TrainingPlan& plan_;
  Trainer trainer_;
  std::vector<ModuleState> buffers_;
  std::vector<std::vector<double>> losses_;
};

}  // namespace

TrainingRecord expected_training(const TrainingJob& job) {
  TrainingJob plain = job;
  plain.plan.fault = TrainingFault::none;
  return OneRank(plain).run();
}

}  // namespace lockstep
