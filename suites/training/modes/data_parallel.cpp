// SPDX-License-Identifier: Apache-2.0
// One model on the first device; every step it is copied to the other devices, the batch is scattered in chunks, outputs
// are gathered on the output device, which computes one loss over all of them, and gradients are summed on the first
// device (PyTorch's DataParallel). Equal to one rank but for batch norm: every replica has the statistics of its own
// chunk, and only replica 0's running statistics survive.
#include <map>
#include <memory>
#include <utility>

#include "harness/autograd/views.hpp"
#include "harness/data/error.hpp"
#include "suites/training/modes/modes.hpp"
#include "suites/training/rank_launcher.hpp"
#include "suites/training/replica_devices.hpp"
#include "suites/training/replica_exchange.hpp"
#include "suites/training/rows.hpp"
#include "suites/training/trainer.hpp"

namespace lockstep {
namespace {

std::string refusal(const TrainingPlan& plan, std::int64_t rows) {
  if (plan.micro_batches != 1) return std::to_string(plan.micro_batches) + " micro-batches; accepted: 1";
  if (plan.sync_batch_norm) return "SyncBatchNorm needs one process per device; accepted: distributed_data_parallel";
  if (rows < 1) return "an empty batch";
  return refusal_of_devices(plan);
}

/// One device. The first one owns parameters, buffers and optimiser; the output device computes the loss.
class Replica {
 public:
  Replica(const TrainingJob& job, Communicator& communicator)
      : job_(job),
        devices_(ReplicaDevices::of(job.plan)),
        communicator_(communicator),
        exchange_(devices_, communicator),
        trainer_(job),
        buffers_(trainer_.model->buffers()) {}

  void run() {
    while (trainer_.step < job_.steps) {
      communicator_.set_step(trainer_.step);
      trainer_.clock.begin_step();
      step();
      trainer_.record.timelines.push_back(trainer_.clock.end_step());
      if (is_first()) trainer_.offer_state();
      if (job_.progress && exchange_.is_output()) job_.progress(trainer_.step - 1, trainer_.record.losses.back());
    }
  }

  Trainer& trainer() { return trainer_; }
  bool is_first() const { return exchange_.is_first(); }
  /// A replica's own tensors, and beside them what the output device gathers. An idle device holds nothing.
  RankRecord take_record() {
    RankRecord record = trainer_.take_record();
    record.collective_calls = communicator_.total_traffic().calls;
    record.collective_bytes = communicator_.total_traffic().bytes;
    if (!exchange_.replica()) record.tensor_bytes = 0;
    record.tensor_bytes += gathered_bytes_;
    return record;
  }

 private:
  void step() {
    Batch batch;
    {
      const PhaseScope scope(trainer_.clock, Phase::input);
      batch = job_.batch(trainer_.step);
      chunks_ = rows_of(job_.plan, batch.rows(), devices_.count(), chunked_rows);
    }
    {
      const PhaseScope scope(trainer_.clock, Phase::scatter_gather);
      exchange_.replicate(trainer_.parameters);
      exchange_.replicate(buffers_);
      loss_scale_ = trainer_.scaler.is_enabled() ? exchange_.shared_loss_scale(trainer_.scaler.scale()) : 1.0;
    }
    Variable output;
    if (has_rows()) {
      const PhaseScope scope(trainer_.clock, Phase::forward);
      output = (*trainer_.model)(trainer_.autograd, Variable(take_rows(batch, chunks_[*exchange_.replica()]).x));
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

  /// Fewer chunks than devices leave the last devices idle.
  bool has_rows() const { return exchange_.replica() && *exchange_.replica() < chunks_.size(); }

  /// Outputs go to the output device, which differentiates the loss by them; each device gets its part of that gradient.
  Variable loss_gradient(const Batch& batch, const Variable& output, double& loss) {
    if (!exchange_.is_output()) {
      if (!output) return {};
      const PhaseScope scope(trainer_.clock, Phase::scatter_gather);
      return Variable(exchange_.exchange_output(output.value()));
    }
    std::vector<Variable> outputs;
    {
      const PhaseScope scope(trainer_.clock, Phase::scatter_gather);
      for (Values& values : exchange_.gather(output ? &output.value() : nullptr, chunks_))
        outputs.emplace_back(std::move(values), true);
    }
    {
      const PhaseScope scope(trainer_.clock, Phase::forward);
      const Variable value = loss_of(outputs, batch);
      loss = value.value()[0];
      Values seed(value.dtype(), value.shape());
      seed.set(0, loss_scale_);
      trainer_.autograd.backward(value, Variable(std::move(seed)));
    }
    const PhaseScope scope(trainer_.clock, Phase::scatter_gather);
    std::vector<Values> gradients;
    gathered_bytes_ = 0;
    for (const Variable& piece : outputs) {
      gradients.push_back(piece.gradient() ? piece.gradient().value() : Values(piece.dtype(), piece.shape()));
      if (devices_.count() > 1)
        gathered_bytes_ += 2 * piece.count() * static_cast<std::int64_t>(size_in_bytes(piece.dtype()));
    }
    Values own = exchange_.scatter(std::move(gradients));
    return output ? Variable(std::move(own)) : Variable();
  }

  /// One loss over all outputs; the planted faults take another.
  Variable loss_of(const std::vector<Variable>& outputs, const Batch& batch) {
    const auto loss_on = [&](const Variable& output, const RowRange& rows) {
      return trainer_.model->loss(trainer_.autograd, output, Variable(take_rows(batch, rows).y));
    };
    if (job_.plan.fault == TrainingFault::losses_averaged) {
      Variable sum = loss_on(outputs[0], chunks_[0]);
      for (std::size_t i = 1; i < outputs.size(); ++i)
        sum = add(trainer_.autograd, sum, loss_on(outputs[i], chunks_[i]));
      return scale(trainer_.autograd, sum, 1.0 / static_cast<double>(outputs.size()));
    }
    const Variable whole = gathered(outputs);
    return loss_on(whole, {chunks_.front().begin, chunks_.front().begin + whole.shape()[0]});
  }

  Variable gathered(std::vector<Variable> outputs) {
    if (job_.plan.fault == TrainingFault::gathered_by_device) {
      std::map<int, Variable> by_device;
      for (std::size_t i = 0; i < outputs.size(); ++i) by_device[devices_.ids[i]] = outputs[i];
      outputs.clear();
      for (const auto& [device, output] : by_device) outputs.push_back(output);
    }
    if (job_.plan.fault != TrainingFault::outputs_averaged) return concatenate(trainer_.autograd, outputs, 0);
    // The mean of the replicas' outputs for the output of the first chunk.
    Variable sum = outputs[0];
    for (std::size_t i = 1; i < outputs.size(); ++i)
      if (outputs[i].shape() == sum.shape()) sum = add(trainer_.autograd, sum, outputs[i]);
    return scale(trainer_.autograd, sum, 1.0 / static_cast<double>(outputs.size()));
  }

  /// Replicas hang on one node of the graph, so a parameter that none of them used gets zeros, not nothing (PyTorch's
  /// Broadcast). With one device there is no such node.
  void reduce_onto_first() {
    if (!exchange_.replica() || devices_.count() == 1) return;
    const PhaseScope scope(trainer_.clock, Phase::scatter_gather);
    for (NamedVariable& parameter : trainer_.parameters) {
      Values gradient = parameter.variable.gradient() ? parameter.variable.gradient().value()
                                                      : Values(parameter.variable.dtype(), parameter.variable.shape());
      communicator_.set_label("summing the gradient of " + parameter.name);
      Values sum = exchange_.sum_onto_first(std::move(gradient));
      if (is_first()) parameter.variable.set_gradient(Variable(std::move(sum)));
    }
    if (job_.plan.fault != TrainingFault::last_replica_survives) return;
    for (NamedVariable& buffer : buffers_)
      buffer.variable.set_value(exchange_.take_from(chunks_.size() - 1, buffer.variable.value()));
  }

  const TrainingJob& job_;
  ReplicaDevices devices_;
  Communicator& communicator_;
  ReplicaExchange exchange_;
  Trainer trainer_;
  std::vector<NamedVariable> buffers_;
  std::vector<RowRange> chunks_;
  double loss_scale_ = 1.0;
  std::int64_t gathered_bytes_ = 0;
};

/// The module's own tensors live on the first device and the loss on the output device: every device's record tells of
/// them. Time, traffic and memory are each device's own.
TrainingRecord run(const TrainingJob& job) {
  if (!job.plan.tensor_devices.empty() || job.plan.fault == TrainingFault::parameter_elsewhere)
    expect_on_first_device(*job.make_model(), job.plan);
  TrainingRecord record;
  record.ranks.resize(static_cast<std::size_t>(job.plan.ranks));
  const auto body = [&](Communicator& transport) {
    const std::unique_ptr<Communicator> wrapped = job.wrap_communicator ? job.wrap_communicator(transport) : nullptr;
    Communicator& communicator = wrapped ? *wrapped : transport;
    Replica replica(job, communicator);
    replica.run();
    if (replica.is_first()) {
      record.state = replica.trainer().state();
      record.history = std::move(replica.trainer().history);
    }
    record.ranks[static_cast<std::size_t>(communicator.rank())] = replica.take_record();
  };
  launcher_of(job).run(job.plan, body, record);
  const ReplicaDevices devices = ReplicaDevices::of(job.plan);
  const RankRecord module = record.ranks[static_cast<std::size_t>(devices.first())];
  const std::vector<double> losses = record.ranks[static_cast<std::size_t>(devices.output)].losses;
  for (RankRecord& rank : record.ranks) {
    rank.losses = losses;
    rank.gradient_norms = module.gradient_norms;
    rank.parameter_hashes = module.parameter_hashes;
    rank.parameters = module.parameters;
    rank.buffers = module.buffers;
  }
  return record;
}

}  // namespace

const TrainingMode& data_parallel_mode() {
  static const TrainingMode mode{"data_parallel",
                                 "one model on the first device, copied every step; outputs gathered on one device, "
                                 "gradients summed on the first",
                                 refusal, run};
  return mode;
}

}  // namespace lockstep
