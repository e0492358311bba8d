// SPDX-License-Identifier: Apache-2.0
// Every rank has a copy of the model and a part of the batch; gradients are averaged over ranks in buckets while the
// backward runs, so that all copies take the same step. The gradient is the mean of the ranks' means: that of the whole
// batch only where all ranks have as many rows (PyTorch's DistributedDataParallel).
#include <algorithm>
#include <memory>

#include "harness/data/error.hpp"
#include "harness/data/random.hpp"
#include "suites/training/gradient_reducer.hpp"
#include "suites/training/message.hpp"
#include "suites/training/micro_batches.hpp"
#include "suites/training/modes/modes.hpp"
#include "suites/training/rank_launcher.hpp"
#include "suites/training/rows.hpp"
#include "suites/training/sync_batch_norm.hpp"
#include "suites/training/trainer.hpp"

namespace lockstep {
namespace {

std::string refusal(const TrainingPlan& plan, std::int64_t rows) {
  if (rows < plan.ranks && plan.rows.empty())
    return std::to_string(plan.ranks) + " ranks for batches of " + std::to_string(rows) +
           " rows; accepted: at most one rank per row";
  if (!plan.rows.empty() && static_cast<int>(plan.rows.size()) != plan.ranks)
    return "rows are given for " + std::to_string(plan.rows.size()) + " ranks of " + std::to_string(plan.ranks);
  if (!plan.steps_by_rank.empty() && static_cast<int>(plan.steps_by_rank.size()) != plan.ranks)
    return "steps are given for " + std::to_string(plan.steps_by_rank.size()) + " ranks of " +
           std::to_string(plan.ranks);
  if (!plan.steps_by_rank.empty() && plan.sync_batch_norm)
    return "SyncBatchNorm with ranks that run out of batches; accepted: as many batches on every rank";
  return {};
}

/// One rank of the run.
class RankRun {
 public:
  RankRun(const TrainingJob& job, Communicator& communicator)
      : job_(job), plan_(job.plan), communicator_(communicator), trainer_(job) {
    if (plan_.sync_batch_norm) synchronise_batch_norms(*trainer_.model, communicator_, trainer_.clock, plan_.fault);
    expect_one_model();
    if (plan_.fault == TrainingFault::other_initial_parameters) {
      if (communicator_.rank() + 1 == communicator_.size()) nudge_parameters();
    } else {
      broadcast(trainer_.parameters, 0);
    }
    std::vector<NamedVariable> buffers = trainer_.model->buffers();
    if (!job.start || plan_.broadcast_buffers) broadcast(buffers, 0);
    reducer_ =
        std::make_unique<GradientReducer>(communicator_, trainer_.autograd, trainer_.parameters, plan_, trainer_.clock);
  }

  void run() {
    const bool ends_early =
        plan_.fault == TrainingFault::last_batch_skipped && communicator_.rank() + 1 == communicator_.size();
    const std::int64_t last = job_.steps - (ends_early ? 1 : 0);
    const bool may_join = !plan_.steps_by_rank.empty();
    for (std::int64_t step_number = trainer_.step; step_number < last; ++step_number) {
      communicator_.set_step(step_number);
      if (may_join && !agree_who_trains(step_number)) break;
      if (may_join && !trains_[static_cast<std::size_t>(communicator_.rank())]) {
        shadow_step();
        continue;
      }
      trainer_.clock.begin_step();
      const double loss = step();
      trainer_.record.timelines.push_back(trainer_.clock.end_step());
      if (is_teller()) trainer_.offer_state();
      if (job_.progress && communicator_.rank() == 0) job_.progress(trainer_.step - 1, loss);
    }
    if (may_join && plan_.fault != TrainingFault::last_model_not_taken) take_last_model();
  }

  Trainer& trainer() { return trainer_; }
  /// Whose history tells the whole run: the first of those that trained longest.
  bool is_teller() const { return communicator_.rank() == longest_training_rank(); }
  /// How the trained model does on this rank's rows of the first batch; every rank with the running statistics it has.
  void evaluate() {
    if (!job_.keeps_history || job_.steps == 0) return;
    const Batch batch = job_.batch(0);
    trainer_.evaluate(take_rows(
        batch, rows_of(plan_, batch.rows(), plan_.ranks, equal_rows)[static_cast<std::size_t>(communicator_.rank())]));
  }
  void count_traffic() {
    trainer_.record.tensor_bytes = reducer_->bucket_bytes();
    trainer_.record.buckets = reducer_->bucket_names();
    const TrafficCount traffic = communicator_.total_traffic();
    trainer_.record.collective_calls = traffic.calls;
    trainer_.record.collective_bytes = traffic.bytes;
  }

 private:
  double step() {
    Batch batch;
    std::vector<RowRange> ranges;
    RowRange own;
    std::int64_t rows = 0;
    {
      const PhaseScope scope(trainer_.clock, Phase::input);
      batch = job_.batch(trainer_.step);
      rows = batch.rows();
      own = rows_of(plan_, rows, plan_.ranks, equal_rows)[static_cast<std::size_t>(communicator_.rank())];
      batch = take_rows(batch, own);
      ranges = chunked_rows(batch.rows(), plan_.micro_batches);
    }
    if (plan_.broadcast_buffers && plan_.fault != TrainingFault::buffers_never_broadcast) {
      const PhaseScope scope(trainer_.clock, Phase::buffer_broadcast);
      broadcast_buffers();
    }
    // Only the last micro-batch of a step is reduced: it carries what the others left in the leaves.
    const std::size_t reduced = plan_.fault == TrainingFault::reduced_before_accumulation ? 0 : ranges.size() - 1;
    const bool overlaps = plan_.fault != TrainingFault::clipped_before_reduction;
    MicroBatchPass pass{trainer_.autograd, *trainer_.model, trainer_.clock,
                        [&](std::size_t index, const Variable& loss) {
                          if (index == reduced && overlaps) reducer_->prepare(loss);
                        },
                        [&](std::size_t index) {
                          if (index != reduced) return;
                          clip_too_early();
                          const PhaseScope scope(trainer_.clock, Phase::exposed_communication);
                          overlaps ? reducer_->finish() : reducer_->reduce_accumulated();
                        }};
    double scale = trainer_.scaler.scale();
    if (plan_.fault == TrainingFault::averaged_by_samples)
      scale *= static_cast<double>(own.count() * communicator_.size()) / static_cast<double>(rows);
    const bool joined_ranks_count = plan_.joined_ranks_count != (plan_.fault == TrainingFault::joined_ranks_miscounted);
    if (!joined_ranks_count && !trains_.empty())
      scale *= static_cast<double>(communicator_.size()) / static_cast<double>(count_training());
    const double loss = pass.run(batch, ranges, micro_batch_weights(ranges, plan_.weighs_micro_batches_equally), scale);
    reducer_->rebuild(first_training_rank());
    if (plan_.fault == TrainingFault::clipped_by_local_norm && plan_.clipping)
      clip_gradients_by_norm(trainer_.parameters, *plan_.clipping, local_norm_);
    trainer_.finish_step(loss);
    return loss;
  }

  /// Who still has batches; false when nobody has.
  bool agree_who_trains(std::int64_t step_number) {
    const auto own = static_cast<std::size_t>(communicator_.rank());
    const std::vector<std::int64_t> mine{step_number < plan_.steps_by_rank[own] ? 1 : 0};
    trains_.assign(static_cast<std::size_t>(communicator_.size()), 0);
    communicator_.set_label("who still trains");
    communicator_.all_gather(buffer_of(mine), buffer_of(trains_));
    return count_training() > 0;
  }

  std::int64_t count_training() const { return std::count(trains_.begin(), trains_.end(), 1); }

  /// The first rank that still trains gives the buffers.
  int first_training_rank() const {
    return trains_.empty() ? 0 : static_cast<int>(std::find(trains_.begin(), trains_.end(), 1) - trains_.begin());
  }

  int longest_training_rank() const {
    const std::vector<std::int64_t>& steps = plan_.steps_by_rank;
    return steps.empty() ? 0 : static_cast<int>(std::max_element(steps.begin(), steps.end()) - steps.begin());
  }

  void broadcast_buffers() {
    std::vector<NamedVariable> buffers = trainer_.model->buffers();
    broadcast(buffers, first_training_rank());
  }

  /// What a rank without a batch does for those that have one.
  void shadow_step() {
    if (plan_.broadcast_buffers) broadcast_buffers();
    reducer_->shadow();
    reducer_->rebuild(first_training_rank());
  }

  void take_last_model() {
    broadcast(trainer_.parameters, longest_training_rank());
    std::vector<NamedVariable> buffers = trainer_.model->buffers();
    broadcast(buffers, longest_training_rank());
  }

  /// The planted faults of clipping before the average is there.
  void clip_too_early() {
    if (!plan_.clipping) return;
    if (plan_.fault == TrainingFault::clipped_before_reduction)
      clip_gradients(trainer_.autograd, trainer_.parameters, *plan_.clipping);
    if (plan_.fault == TrainingFault::clipped_by_local_norm)
      local_norm_ = gradient_norm(trainer_.autograd, trainer_.parameters);
  }

  void broadcast(std::vector<NamedVariable>& tensors, int root) {
    for (NamedVariable& tensor : tensors) {
      Values values = tensor.variable.value();
      communicator_.set_label("broadcast of " + tensor.name);
      communicator_.broadcast(message_of(values), root);
      if (communicator_.rank() != root) tensor.variable.set_value(std::move(values));
    }
  }

  /// Names, shapes and dtypes must be the same everywhere before anything is sent.
  void expect_one_model() {
    std::string description;
    for (const auto& list : {trainer_.parameters, trainer_.model->buffers()})
      for (const NamedVariable& tensor : list)
        description += tensor.name + to_text(tensor.variable.shape()) + std::string(name_of(tensor.variable.dtype()));
    const std::vector<std::int64_t> mine{static_cast<std::int64_t>(hash_name(description))};
    std::vector<std::int64_t> all(static_cast<std::size_t>(communicator_.size()));
    communicator_.set_label("comparing models");
    communicator_.all_gather(buffer_of(mine), buffer_of(all));
    for (std::size_t rank = 0; rank < all.size(); ++rank)
      if (all[rank] != all[0])
        throw Error("rank " + std::to_string(rank) +
                    " arrived with another model than rank 0: names, shapes or dtypes of its tensors differ");
  }

  void nudge_parameters() {
    for (NamedVariable& parameter : trainer_.parameters) {
      Values values = parameter.variable.value();
      for (std::int64_t i = 0; i < values.count(); ++i) values.set(i, values[i] + 0.125);
      parameter.variable.set_value(std::move(values));
    }
  }

  const TrainingJob& job_;
  const TrainingPlan& plan_;
  Communicator& communicator_;
  Trainer trainer_;
  std::unique_ptr<GradientReducer> reducer_;
  double local_norm_ = 0;
  /// By rank, whether it has a batch in this step; empty where no rank runs out.
  std::vector<std::int64_t> trains_;
};

TrainingRecord run(const TrainingJob& job) {
  TrainingRecord record;
  record.ranks.resize(static_cast<std::size_t>(job.plan.ranks));
  const auto body = [&](Communicator& transport) {
    const std::unique_ptr<Communicator> wrapped = job.wrap_communicator ? job.wrap_communicator(transport) : nullptr;
    Communicator& communicator = wrapped ? *wrapped : transport;
    RankRun rank(job, communicator);
    rank.run();
    rank.evaluate();
    rank.count_traffic();
    const auto index = static_cast<std::size_t>(communicator.rank());
    if (rank.is_teller()) {
      record.state = rank.trainer().state();
      record.history = std::move(rank.trainer().history);
    }
    record.ranks[index] = rank.trainer().take_record();
  };
  launcher_of(job).run(job.plan, body, record);
  return record;
}

}  // namespace

const TrainingMode& distributed_data_parallel_mode() {
  static const TrainingMode mode{"distributed_data_parallel",
                                 "a model and a part of the batch on every rank; gradients averaged in buckets while "
                                 "the backward runs",
                                 refusal, run};
  return mode;
}

}  // namespace lockstep
