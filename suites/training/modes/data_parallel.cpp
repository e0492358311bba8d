// SPDX-License-Identifier: Apache-2.0
// One model on device 0; every step it is copied to the other devices, the batch is scattered in chunks, outputs are
// gathered on device 0, which computes one loss over all of them, and gradients are summed there (PyTorch's
// DataParallel). Equal to one rank but for batch norm: every replica has the statistics of its own chunk, and only replica
// 0's running statistics survive.
#include <memory>

#include "harness/autograd/views.hpp"
#include "harness/data/error.hpp"
#include "kernels/communicator/threads/run_ranks.hpp"
#include "suites/training/message.hpp"
#include "suites/training/modes/modes.hpp"
#include "suites/training/rows.hpp"
#include "suites/training/trainer.hpp"

namespace lockstep {
namespace {

std::string refusal(const TrainingPlan& plan, std::int64_t rows) {
  if (plan.micro_batches != 1) return std::to_string(plan.micro_batches) + " micro-batches; accepted: 1";
  if (plan.sync_batch_norm) return "SyncBatchNorm needs one process per device; accepted: distributed_data_parallel";
  if (rows < 1) return "an empty batch";
  return {};
}

/// One device. Device 0 owns parameters, buffers, loss and optimiser.
class Replica {
 public:
  Replica(const TrainingJob& job, Communicator& communicator)
      : job_(job), communicator_(communicator), trainer_(job), buffers_(trainer_.model->buffers()) {}

  void run() {
    while (trainer_.step < job_.steps) {
      communicator_.set_step(trainer_.step);
      trainer_.clock.begin_step();
      step();
      trainer_.record.timelines.push_back(trainer_.clock.end_step());
      if (job_.progress && is_first()) job_.progress(trainer_.step - 1, trainer_.record.losses.back());
    }
  }

  Trainer& trainer() { return trainer_; }
  bool is_first() const { return communicator_.rank() == 0; }
  void count_traffic() {
    trainer_.record.collective_calls = communicator_.total_traffic().calls;
    trainer_.record.collective_bytes = communicator_.total_traffic().bytes;
  }

 private:
  void step() {
    Batch batch;
    {
      const PhaseScope scope(trainer_.clock, Phase::input);
      batch = job_.batch(trainer_.step);
      ranges_ = job_.plan.rows.empty() ? chunked_rows(batch.rows(), communicator_.size())
                                       : rows_of(job_.plan, batch.rows(), communicator_.size(), chunked_rows);
    }
    {
      const PhaseScope scope(trainer_.clock, Phase::scatter_gather);
      replicate(trainer_.parameters);
      replicate(buffers_);
    }
    // Fewer chunks than devices leave the last devices idle.
    Variable output;
    if (has_rows(communicator_.rank())) {
      const PhaseScope scope(trainer_.clock, Phase::forward);
      output = (*trainer_.model)(trainer_.autograd,
                                 Variable(take_rows(batch, ranges_[static_cast<std::size_t>(communicator_.rank())]).x));
    }
    double loss = 0;
    const Variable gradient = loss_gradient(batch, output, loss);
    if (output) {
      const PhaseScope scope(trainer_.clock, Phase::backward);
      trainer_.autograd.backward(output, gradient);
    }
    reduce_onto_first();
    if (is_first()) {
      trainer_.finish_step(loss);
    } else {
      trainer_.model->clear_gradients();
      trainer_.finish_idle_step(loss);
    }
  }

  bool has_rows(int rank) const { return static_cast<std::size_t>(rank) < ranges_.size(); }

  void replicate(std::vector<NamedVariable>& tensors) {
    for (NamedVariable& tensor : tensors) {
      Values values = tensor.variable.value();
      communicator_.set_label("replicating " + tensor.name);
      communicator_.broadcast(message_of(values), 0);
      if (!is_first()) tensor.variable.set_value(std::move(values));
    }
  }

  /// Outputs go to device 0, which differentiates the loss by them; each device gets its part of that gradient.
  Variable loss_gradient(const Batch& batch, const Variable& output, double& loss) {
    const int size = communicator_.size();
    if (!is_first()) {
      if (!output) return {};
      const PhaseScope scope(trainer_.clock, Phase::scatter_gather);
      Values values = output.value();
      communicator_.set_label("gathering outputs");
      communicator_.send(message_of(values), 0);
      Values gradient(values.dtype(), values.shape());
      communicator_.set_label("scattering gradients of outputs");
      communicator_.receive(message_of(gradient), 0);
      return Variable(std::move(gradient));
    }
    std::vector<Variable> outputs{Variable(output.value(), true)};
    {
      const PhaseScope scope(trainer_.clock, Phase::scatter_gather);
      communicator_.set_label("gathering outputs");
      for (int rank = 1; rank < size && has_rows(rank); ++rank) {
        Shape shape = output.shape();
        shape[0] = ranges_[static_cast<std::size_t>(rank)].count();
        Values values(output.dtype(), shape);
        communicator_.receive(message_of(values), rank);
        outputs.emplace_back(std::move(values), true);
      }
    }
    {
      const PhaseScope scope(trainer_.clock, Phase::forward);
      const Variable whole = gathered(outputs);
      const RowRange covered{ranges_.front().begin, ranges_.front().begin + whole.shape()[0]};
      const Variable value = trainer_.model->loss(trainer_.autograd, whole, Variable(take_rows(batch, covered).y));
      loss = value.value()[0];
      Values seed(value.dtype(), value.shape());
      seed.set(0, trainer_.scaler.scale());
      trainer_.autograd.backward(value, Variable(std::move(seed)));
    }
    const PhaseScope scope(trainer_.clock, Phase::scatter_gather);
    communicator_.set_label("scattering gradients of outputs");
    for (std::size_t rank = 1; rank < outputs.size(); ++rank) {
      Values gradient = outputs[rank].gradient().value();
      communicator_.send(message_of(gradient), static_cast<int>(rank));
    }
    return outputs[0].gradient();
  }

  /// The fault takes the mean of the replicas' outputs for the output of the first chunk.
  Variable gathered(const std::vector<Variable>& outputs) {
    if (job_.plan.fault != TrainingFault::outputs_averaged) return concatenate(trainer_.autograd, outputs, 0);
    Variable sum = outputs[0];
    for (std::size_t i = 1; i < outputs.size(); ++i)
      if (outputs[i].shape() == sum.shape()) sum = add(trainer_.autograd, sum, outputs[i]);
    return scale(trainer_.autograd, sum, 1.0 / static_cast<double>(outputs.size()));
  }

  void reduce_onto_first() {
    const PhaseScope scope(trainer_.clock, Phase::scatter_gather);
    for (NamedVariable& parameter : trainer_.parameters) {
      Values sum = parameter.variable.gradient() ? parameter.variable.gradient().value()
                                                 : Values(parameter.variable.dtype(), parameter.variable.shape());
      communicator_.set_label("summing the gradient of " + parameter.name);
      communicator_.all_reduce(message_of(sum));
      if (is_first() && parameter.variable.gradient()) parameter.variable.set_gradient(Variable(std::move(sum)));
    }
  }

  const TrainingJob& job_;
  Communicator& communicator_;
  Trainer trainer_;
  std::vector<NamedVariable> buffers_;
  std::vector<RowRange> ranges_;
};

/// The module's own tensors live on device 0, so the record has one rank; the timelines of all.
TrainingRecord run(const TrainingJob& job) {
  TrainingRecord record;
  std::vector<RankRecord> ranks(static_cast<std::size_t>(job.plan.ranks));
  const auto body = [&](Communicator& transport) {
    const std::unique_ptr<Communicator> wrapped = job.wrap_communicator ? job.wrap_communicator(transport) : nullptr;
    Communicator& communicator = wrapped ? *wrapped : transport;
    Replica replica(job, communicator);
    replica.run();
    replica.count_traffic();
    if (replica.is_first()) {
      record.state = replica.trainer().state();
      record.history = std::move(replica.trainer().history);
    }
    ranks[static_cast<std::size_t>(communicator.rank())] = replica.trainer().take_record();
  };
  RunRanksOptions options;
  options.arrival_limit_seconds = job.plan.arrival_limit_seconds;
  options.total_limit_seconds = 24 * 3600;
  run_ranks(job.plan.ranks, body, options);
  record.ranks = std::move(ranks);
  return record;
}

}  // namespace

const TrainingMode& data_parallel_mode() {
  static const TrainingMode mode{"data_parallel",
                                 "one model on device 0, copied every step; outputs gathered, gradients summed there",
                                 refusal, run};
  return mode;
}

}  // namespace lockstep
