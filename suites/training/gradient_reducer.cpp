// SPDX-License-Identifier: Apache-2.0
#include "suites/training/gradient_reducer.hpp"

#include <algorithm>
#include <numeric>

#include "harness/data/error.hpp"
#include "suites/training/consecutive_elements.hpp"
#include "suites/training/message.hpp"

namespace lockstep {
namespace {

/// The average divides while it copies into the bucket, before the reduction, as torch's reducer does.
void copy_scaled(const Values& from, Values& to, std::int64_t offset, double factor) {
  if (from.dtype() == DType::f32) {
    const auto scale = static_cast<float>(factor);
    for (std::int64_t i = 0; i < from.count(); ++i) to.floats()[offset + i] = from.floats()[i] * scale;
  } else {
    for (std::int64_t i = 0; i < from.count(); ++i) to.doubles()[offset + i] = from.doubles()[i] * factor;
  }
}

}  // namespace

GradientReducer::GradientReducer(Communicator& communicator, Autograd& autograd, std::vector<NamedVariable> parameters,
                                 const TrainingPlan& plan, StepClock& clock)
    : communicator_(communicator),
      autograd_(autograd),
      parameters_(std::move(parameters)),
      plan_(plan),
      clock_(clock),
      places_(parameters_.size()),
      may_rebuild_(plan.rebuild_buckets && !plan.find_unused_parameters) {
  if (parameters_.empty())
    throw Error(
        "DistributedDataParallel is not needed when a module doesn't have any parameters that require a gradient.");
  for (const NamedVariable& parameter : parameters_) {
    const DType dtype = parameter.variable.dtype();
    if (dtype != DType::f32 && dtype != DType::f64)
      throw Error("gradients of dtype " + std::string(name_of(dtype)) + " are not reduced ('" + parameter.name +
                  "'); accepted: f32, f64 parameters, with autocast for lower precision");
    items_.push_back({dtype, parameter.variable.count()});
  }
  lay_out(assign_buckets(items_, plan.first_bucket_bytes, plan.bucket_bytes));
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    hooks_.push_back(parameters_[i].variable.register_accumulation_hook([this, i](Variable& leaf) {
      if (active_) arrived(i, &leaf.gradient());
    }));
  reset();
}

GradientReducer::~GradientReducer() {
  for (std::size_t i = 0; i < hooks_.size(); ++i) parameters_[i].variable.remove_hook(hooks_[i]);
}

void GradientReducer::lay_out(std::vector<GradientBucket> layouts) {
  buckets_.clear();
  for (GradientBucket& layout : layouts) {
    std::int64_t offset = 0;
    for (const std::size_t parameter : layout.parameters) {
      places_[parameter] = {buckets_.size(), offset};
      offset += items_[parameter].count;
    }
    Bucket& bucket = buckets_.emplace_back();
    bucket.contents = Values(layout.dtype, {layout.count});
    bucket.layout = std::move(layout);
  }
  order_.resize(buckets_.size());
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  if (plan_.fault == TrainingFault::buckets_reordered && communicator_.rank() == 1 && order_.size() > 1)
    std::swap(order_[0], order_[1]);
}

void GradientReducer::rebuild(int root) {
  if (!may_rebuild_) return;
  may_rebuild_ = false;
  // A rank without a batch has seen no gradient; it takes the root's order like all others.
  arrivals_.resize(parameters_.size());
  communicator_.set_label("order of the gradients");
  communicator_.broadcast(buffer_of(arrivals_), root);
  if (plan_.fault == TrainingFault::rebuilt_differently && communicator_.rank() == 1)
    std::reverse(arrivals_.begin(), arrivals_.end());
  const std::vector<std::size_t> order(arrivals_.begin(), arrivals_.end());
  lay_out(assign_buckets(items_, order, plan_.first_bucket_bytes, plan_.bucket_bytes));
}

void GradientReducer::reset() {
  for (Bucket& bucket : buckets_) bucket.missing = bucket.layout.parameters.size();
  has_arrived_.assign(parameters_.size(), false);
  arrivals_.clear();
  next_ = 0;
}

double GradientReducer::weight() const {
  return plan_.fault == TrainingFault::summed_not_averaged ? 1.0 : 1.0 / communicator_.size();
}

void GradientReducer::prepare(const Variable& loss) {
  reset();
  active_ = true;
  users_.clear();
  if (plan_.find_unused_parameters && plan_.fault != TrainingFault::unused_bucket_left) find_unused(loss);
}

void GradientReducer::find_unused(const Variable& loss) {
  const std::vector<Variable> used = autograd_.leaves(loss);
  users_.assign(parameters_.size(), 0);
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    users_[i] = std::any_of(used.begin(), used.end(),
                            [&](const Variable& leaf) { return leaf.is_same_as(parameters_[i].variable); });
  const std::vector<std::int64_t> mine = users_;
  communicator_.set_label("used parameters");
  communicator_.all_reduce(buffer_of(users_));
  // What this rank will not use is ready at once: with what has been accumulated before, or zeros.
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (mine[i] == 0) arrived(i, parameters_[i].variable.gradient() ? &parameters_[i].variable.gradient() : nullptr);
}

void GradientReducer::arrived(std::size_t parameter, const Variable* gradient) {
  if (has_arrived_[parameter])
    throw Error("Expected to mark a variable ready only once: the parameter '" + parameters_[parameter].name +
                "' got its gradient twice in one backward");
  has_arrived_[parameter] = true;
  arrivals_.push_back(static_cast<std::int64_t>(parameter));
  const Place& place = places_[parameter];
  Bucket& bucket = buckets_[place.bucket];
  if (gradient) {
    copy_scaled(gradient->value(), bucket.contents, place.offset, weight());
  } else {
    const Values zeros(bucket.layout.dtype, parameters_[parameter].variable.shape());
    copy_scaled(zeros, bucket.contents, place.offset, 1.0);
  }
  if (--bucket.missing == 0) start_ready();
}

void GradientReducer::start_ready() {
  while (next_ < order_.size() && buckets_[order_[next_]].missing == 0) start(order_[next_++]);
}

void GradientReducer::start(std::size_t index) {
  Bucket& bucket = buckets_[index];
  communicator_.set_label("bucket " + std::to_string(index));
  bucket.started = clock_.now();
  if (plan_.fault == TrainingFault::bucket_dropped && index + 1 == buckets_.size()) return;
  if (plan_.fault == TrainingFault::bucket_doubled && index == 0) communicator_.all_reduce(message_of(bucket.contents));
  bucket.handle = communicator_.start_all_reduce(message_of(bucket.contents));
}

void GradientReducer::finish() {
  active_ = false;
  std::string absent;
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (!has_arrived_[i]) absent += (absent.empty() ? "" : ", ") + parameters_[i].name;
  if (!absent.empty() && plan_.fault != TrainingFault::unused_bucket_left)
    throw Error(
        "rank " + std::to_string(communicator_.rank()) + ": no gradient for the parameters " + absent +
        ", so their reduction cannot finish; accepted: a loss that uses every parameter, or unused parameters to "
        "be found");
  const double factor = plan_.fault == TrainingFault::averaged_twice ? weight() : 1.0;
  for (const std::size_t index : order_) {
    Bucket& bucket = buckets_[index];
    if (bucket.missing > 0) continue;
    bucket.handle.wait();
    clock_.add_reduction(bucket.started, clock_.now());
    for (const std::size_t i : bucket.layout.parameters) {
      NamedVariable& parameter = parameters_[i];
      if (!users_.empty() && users_[i] == 0 && plan_.fault != TrainingFault::unused_everywhere_moved) continue;
      if (plan_.fault == TrainingFault::unused_parameter_unreduced && !users_.empty() &&
          users_[i] < communicator_.size() && parameter.variable.gradient())
        continue;
      Values averaged = consecutive_elements(bucket.contents, places_[i].offset, parameter.variable.shape());
      if (factor != 1.0) copy_scaled(Values(averaged), averaged, 0, factor);
      parameter.variable.set_gradient(Variable(std::move(averaged)));
    }
  }
}

std::int64_t GradientReducer::bucket_bytes() const {
  std::int64_t bytes = 0;
  for (const Bucket& bucket : buckets_)
    bytes += bucket.layout.count * static_cast<std::int64_t>(size_in_bytes(bucket.layout.dtype));
  return bytes;
}

std::vector<std::vector<std::string>> GradientReducer::bucket_names() const {
  std::vector<std::vector<std::string>> names;
  for (const std::size_t index : order_) {
    names.emplace_back();
    for (const std::size_t parameter : buckets_[index].layout.parameters)
      names.back().push_back(parameters_[parameter].name);
  }
  return names;
}

void GradientReducer::reduce_accumulated() {
  reset();
  users_.clear();
  for (std::size_t i = parameters_.size(); i-- > 0;)
    arrived(i, parameters_[i].variable.gradient() ? &parameters_[i].variable.gradient() : nullptr);
  finish();
}

void GradientReducer::shadow() {
  reset();
  if (plan_.find_unused_parameters) {
    users_.assign(parameters_.size(), 0);
    communicator_.set_label("used parameters");
    communicator_.all_reduce(buffer_of(users_));
  }
  for (const std::size_t index : order_) {
    Bucket& bucket = buckets_[index];
    bucket.contents = Values(bucket.layout.dtype, {bucket.layout.count});
    communicator_.set_label("bucket " + std::to_string(index));
    communicator_.all_reduce(message_of(bucket.contents));
  }
}

}  // namespace lockstep
