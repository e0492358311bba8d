// SPDX-License-Identifier: Apache-2.0
#include "suites/training/trainer.hpp"

#include <cmath>

#include "harness/data/random.hpp"

namespace lockstep {

Trainer::Trainer(const TrainingJob& whole)
    : job(whole),
      executor(whole.make_executor()),
      autograd(*executor),
      model(whole.make_model()),
      parameters(model->parameters()),
      optimizer(whole.plan.optimizer, parameters),
      scaler(whole.plan.loss_scaling) {
  autograd.set_autocast(job.plan.autocast);
  if (job.start) {
    load_state(*model, job.start->model);
    optimizer.load(job.start->optimizer);
    scaler.load(*job.start);
    step = job.start->step;
  }
  buffers_before = values_of(model->buffers());
}

void Trainer::finish_step(double loss) {
  const TrainingPlan& plan = job.plan;
  bool finite = true;
  if (scaler.is_enabled())
    finite = divide_gradients(parameters, plan.fault == TrainingFault::loss_scale_kept ? 1.0 : scaler.scale());
  {
    const PhaseScope scope(clock, Phase::clip);
    record.gradient_norms.push_back(gradient_norm(autograd, parameters));
    if (job.keeps_history) {
      StepSnapshot& snapshot = history.emplace_back();
      snapshot.before = state();
      // The forward has moved the buffers already.
      for (const auto& [name, values] : buffers_before) snapshot.before.model[name] = values;
      for (const NamedVariable& parameter : parameters)
        if (parameter.variable.gradient()) snapshot.gradients[parameter.name] = parameter.variable.gradient().value();
    }
    const bool clipped_elsewhere =
        plan.fault == TrainingFault::clipped_before_reduction || plan.fault == TrainingFault::clipped_by_local_norm;
    if (plan.clipping && finite && plan.fault == TrainingFault::norm_counted_per_rank)
      clip_gradients_by_norm(parameters, *plan.clipping, record.gradient_norms.back() * std::sqrt(plan.ranks));
    else if (plan.clipping && finite && !clipped_elsewhere)
      clip_gradients(autograd, parameters, *plan.clipping);
  }
  {
    const PhaseScope scope(clock, Phase::optimizer);
    if (finite)
      optimizer.step(autograd);
    else
      ++record.skipped_steps;
    scaler.update(finite);
    model->clear_gradients();
  }
  if (job.keeps_history) {
    history.back().parameters = values_of(parameters);
    history.back().buffers = values_of(model->buffers());
    buffers_before = history.back().buffers;
  }
  finish_idle_step(loss);
}

void Trainer::finish_idle_step(double loss) {
  record.losses.push_back(loss);
  record.parameter_hashes.push_back(hash_of(parameters));
  ++step;
}

void Trainer::offer_state() const {
  if (job.take_state && job.steps_between_states > 0 && step % job.steps_between_states == 0) job.take_state(state());
}

void Trainer::evaluate(const Batch& batch) {
  const NoGradient scope(autograd);
  model->evaluate();
  record.evaluation_loss = model->loss(autograd, (*model)(autograd, Variable(batch.x)), Variable(batch.y)).value()[0];
  model->train();
}

RankRecord Trainer::take_record() {
  record.parameters = values_of(parameters);
  record.buffers = values_of(model->buffers());
  // Gradients are as large as the parameters and have been cleared by now.
  for (const ModuleState& tensors : {record.parameters, record.parameters, record.buffers, optimizer.state()})
    for (const auto& [name, values] : tensors)
      record.tensor_bytes += values.count() * static_cast<std::int64_t>(size_in_bytes(values.dtype()));
  return std::move(record);
}

TrainingState Trainer::state() const {
  TrainingState state{.model = state_of(*model), .optimizer = optimizer.state(), .step = step};
  scaler.save(state);
  return state;
}

ModuleState values_of(const std::vector<NamedVariable>& tensors) {
  ModuleState values;
  for (const NamedVariable& tensor : tensors) values[tensor.name] = tensor.variable.value();
  return values;
}

std::uint64_t hash_of(const std::vector<NamedVariable>& parameters) {
  std::uint64_t hash = 0;
  for (const NamedVariable& parameter : parameters) {
    const Values& values = parameter.variable.value();
    const void* data = values.floats() ? static_cast<const void*>(values.floats()) : values.doubles();
    const std::size_t bytes =
        static_cast<std::size_t>(values.count()) * (values.floats() ? sizeof(float) : sizeof(double));
    hash = mix64(hash ^ hash_bytes(data, bytes));
  }
  return hash;
}

}  // namespace lockstep
