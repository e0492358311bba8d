// SPDX-License-Identifier: Apache-2.0
#include "suites/training/sync_batch_norm.hpp"

#include <algorithm>

#include "reference/operators.hpp"
#include "reference/value_count.hpp"
#include "suites/training/message.hpp"

namespace lockstep {
namespace {

/// Several small tensors of one dtype behind each other: one message instead of several.
Values joined(const std::vector<const Values*>& parts) {
  std::int64_t count = 0;
  for (const Values* part : parts) count += part->count();
  Values whole(parts[0]->dtype(), {count});
  std::int64_t at = 0;
  for (const Values* part : parts)
    for (std::int64_t i = 0; i < part->count(); ++i) whole.set(at++, (*part)[i]);
  return whole;
}

/// Columns begin .. begin + width of a row-major matrix.
Values columns(const Values& matrix, std::int64_t begin, std::int64_t width) {
  const std::int64_t rows = matrix.shape()[0], row = matrix.shape()[1];
  Values part(matrix.dtype(), {rows, width});
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < width; ++c) part.set(r * width + c, matrix[r * row + begin + c]);
  return part;
}

double values_counted(const Values& digits) { return static_cast<double>(ValueCount::of(digits[0], digits[1]).count); }

/// What a rank's batch norm and its backward share.
struct Group {
  Communicator& communicator;
  StepClock& clock;
  TrainingFault fault;
};

class SyncBatchNormFunction final : public Function {
 public:
  /// `own_count`: this rank's values of each channel; `count` those of all ranks.
  SyncBatchNormFunction(Group group, Variable mean, Variable rstd, Variable count, Variable own_count)
      : group_(group),
        mean_(std::move(mean)),
        rstd_(std::move(rstd)),
        count_(std::move(count)),
        own_count_(std::move(own_count)) {}
  std::string name() const override { return "sync_batch_norm"; }

  std::vector<Variable> backward(Autograd& autograd, const std::vector<Variable>& gradients,
                                 const std::vector<bool>& wanted) override {
    const Variable &x = inputs()[0], &weight = inputs()[1], &g = gradients[0];
    const std::vector<Variable> local = autograd.apply(batch_norm_gradient_sums_operator(), {},
                                                       {{"x", x}, {"g_y", g}, {"mean", mean_}, {"rstd", rstd_}});
    Values sums = joined({&local[0].value(), &local[1].value()});
    if (group_.fault == TrainingFault::gradient_means_averaged) {
      const double factor =
          values_counted(count_.value()) / (group_.communicator.size() * values_counted(own_count_.value()));
      for (std::int64_t i = 0; i < sums.count(); ++i) sums.set(i, sums[i] * factor);
    }
    if (group_.fault != TrainingFault::backward_sums_local) {
      const PhaseScope scope(group_.clock, Phase::sync_batch_norm);
      group_.communicator.set_label("sync_batch_norm backward");
      group_.communicator.all_reduce(message_of(sums));
    }
    const Values pair = sums.reshaped({2, mean_.count()});
    const auto row = [&](std::int64_t r) {
      Values values(pair.dtype(), mean_.shape());
      for (std::int64_t c = 0; c < mean_.count(); ++c) values.set(c, pair[r * mean_.count() + c]);
      return Variable(std::move(values));
    };
    std::vector<Variable> passed(3);
    if (wanted[0])
      passed[0] = autograd.apply(batch_norm_input_gradient_operator(), {},
                                 {{"x", x},
                                  {"g_y", g},
                                  {"weight", weight},
                                  {"mean", mean_},
                                  {"rstd", rstd_},
                                  {"sum_g", row(0)},
                                  {"sum_g_centered", row(1)},
                                  {"count", count_}})[0];
    // Weight and bias: this rank's own, averaged later with all other gradients.
    if (wanted[1]) passed[1] = local[2];
    if (wanted[2]) passed[2] = local[0];
    return passed;
  }

 private:
  Group group_;
  Variable mean_, rstd_, count_, own_count_;
};

Variable forward(Group group, Autograd& autograd, BatchNormLayer& layer, const Variable& x) {
  Variable mean, rstd, count, own_count, y;
  {
    const NoGradient scope(autograd);
    const std::vector<Variable> local = autograd.apply(batch_norm_statistics_operator(), {}, {{"x", x}});
    own_count = local[2];
    const std::int64_t channels = local[0].count();
    const Values message = joined({&local[0].value(), &local[1].value(), &local[2].value()});
    Values gathered(message.dtype(), {group.communicator.size(), message.count()});
    {
      const PhaseScope phase(group.clock, Phase::sync_batch_norm);
      group.communicator.set_label("sync_batch_norm forward");
      Values in = message;
      group.communicator.all_gather(message_of(in), message_of(gathered));
    }
    Values counts = columns(gathered, 2 * channels, 2);
    if (group.fault == TrainingFault::merge_without_counts)
      for (std::int64_t r = 0; r < counts.shape()[0]; ++r)
        for (std::int64_t c = 0; c < 2; ++c) counts.set(2 * r + c, local[2].value()[c]);
    if (group.fault == TrainingFault::counts_in_lower_precision)
      for (std::int64_t r = 0; r < counts.shape()[0]; ++r)
        counts.set(2 * r + 1, round_to(DType::bf16, counts[2 * r + 1]));
    Parameters parameters;
    parameters.set_real("eps", layer.eps);
    const bool swaps = group.fault == TrainingFault::momentum_swapped;
    parameters.set_real("momentum", swaps ? 1.0 - layer.momentum : layer.momentum);
    const std::vector<Variable> merged = autograd.apply(batch_norm_merge_operator(), parameters,
                                                        {{"means", Variable(columns(gathered, 0, channels))},
                                                         {"m2s", Variable(columns(gathered, channels, channels))},
                                                         {"counts", Variable(std::move(counts))},
                                                         {"running_mean", layer.running_mean},
                                                         {"running_var", layer.running_var}});
    mean = merged[0];
    rstd = merged[1];
    count = merged[2];
    layer.running_mean.set_value(merged[3].value());
    Values variance = merged[4].value();
    if (group.fault == TrainingFault::biased_running_variance) {
      const double n = values_counted(count.value());
      for (std::int64_t c = 0; c < channels; ++c) {
        const double before = (1.0 - layer.momentum) * layer.running_var.value()[c];
        variance.set(c, before + (variance[c] - before) * (n - 1.0) / n);
      }
    }
    layer.running_var.set_value(std::move(variance));
    y = autograd.apply(batch_norm_normalize_operator(), {},
                       {{"x", x}, {"weight", layer.weight}, {"bias", layer.bias}, {"mean", mean}, {"rstd", rstd}})[0];
  }
  std::vector<Values> outputs{y.value()};
  return autograd.record(std::make_shared<SyncBatchNormFunction>(group, mean, rstd, count, own_count),
                         {x, layer.weight, layer.bias}, std::move(outputs))[0];
}

}  // namespace

int synchronise_batch_norms(Module& model, Communicator& communicator, StepClock& clock, TrainingFault fault) {
  const Group group{communicator, clock, fault};
  const int count = set_batch_norm_forward(
      model,
      [group](Autograd& autograd, BatchNormLayer& layer, const Variable& x) {
        return forward(group, autograd, layer, x);
      },
      fault == TrainingFault::evaluation_synchronised);
  if (fault == TrainingFault::norm_left_out_by_a_rank && communicator.rank() + 1 == communicator.size()) {
    const std::vector<Module*> modules = model.modules();
    const auto first = std::find_if(modules.begin(), modules.end(),
                                    [](Module* module) { return dynamic_cast<BatchNormLayer*>(module) != nullptr; });
    if (first != modules.end()) dynamic_cast<BatchNormLayer*>(*first)->set_training_forward({});
  }
  return count;
}

}  // namespace lockstep
