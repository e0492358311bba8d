// SPDX-License-Identifier: Apache-2.0
#include "suites/training/replica_exchange.hpp"

#include <utility>

#include "suites/training/message.hpp"

namespace lockstep {
namespace {

/// dtype, number of axes, up to eight extents.
constexpr std::int64_t kFormLength = 10;

Values form_of(const Values& values) {
  Values form(DType::i64, {kFormLength});
  if (values.shape().size() + 2 > kFormLength)
    throw Error("outputs of " + to_text(values.shape()) + " are not gathered");
  form.integers()[0] = static_cast<std::int64_t>(values.dtype());
  form.integers()[1] = static_cast<std::int64_t>(values.shape().size());
  for (std::size_t axis = 0; axis < values.shape().size(); ++axis) form.integers()[2 + axis] = values.shape()[axis];
  return form;
}

void add_to(Values& sum, const Values& other) {
  for (std::int64_t i = 0; i < sum.count(); ++i) sum.set(i, sum[i] + other[i]);
}

}  // namespace

void ReplicaExchange::replicate(std::vector<NamedVariable>& tensors) {
  if (!replica_) return;
  for (NamedVariable& tensor : tensors) {
    Values values = tensor.variable.value();
    communicator_.set_label("replicating " + tensor.name);
    if (every_device_replicates()) {
      communicator_.broadcast(message_of(values), devices_.first());
    } else if (is_first()) {
      for (std::size_t i = 1; i < devices_.ids.size(); ++i) communicator_.send(message_of(values), devices_.ids[i]);
    } else {
      communicator_.receive(message_of(values), devices_.first());
    }
    if (!is_first()) tensor.variable.set_value(std::move(values));
  }
}

double ReplicaExchange::shared_loss_scale(double scale) {
  if (devices_.output == devices_.first() || !(is_first() || is_output())) return scale;
  Values message(DType::f64, {1});
  message.set(0, scale);
  communicator_.set_label("loss scale");
  if (is_first())
    communicator_.send(message_of(message), devices_.output);
  else
    communicator_.receive(message_of(message), devices_.first());
  return message[0];
}

Values ReplicaExchange::exchange_output(Values output) {
  communicator_.set_label("gathering outputs");
  if (is_first()) {
    Values form = form_of(output);
    communicator_.send(message_of(form), devices_.output);
  }
  communicator_.send(message_of(output), devices_.output);
  Values gradient(output.dtype(), output.shape());
  communicator_.set_label("scattering gradients of outputs");
  communicator_.receive(message_of(gradient), devices_.output);
  return gradient;
}

std::vector<Values> ReplicaExchange::gather(const Values* own, const std::vector<RowRange>& chunks) {
  communicator_.set_label("gathering outputs");
  // Another output device need not have a replica, so the first one tells it what an output looks like.
  Values form = own ? form_of(*own) : Values(DType::i64, {kFormLength});
  if (!is_first()) communicator_.receive(message_of(form), devices_.first());
  const auto dtype = static_cast<DType>(form.integers()[0]);
  Shape shape(form.integers() + 2, form.integers() + 2 + form.integers()[1]);
  std::vector<Values> outputs;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    if (own && i == *replica_) {
      outputs.push_back(*own);
      continue;
    }
    shape.at(0) = chunks[i].count();
    Values values(dtype, shape);
    communicator_.receive(message_of(values), devices_.ids[i]);
    outputs.push_back(std::move(values));
  }
  return outputs;
}

Values ReplicaExchange::scatter(std::vector<Values> gradients) {
  communicator_.set_label("scattering gradients of outputs");
  Values own;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (replica_ && i == *replica_)
      own = std::move(gradients[i]);
    else
      communicator_.send(message_of(gradients[i]), devices_.ids[i]);
  }
  return own;
}

Values ReplicaExchange::sum_onto_first(Values values) {
  if (every_device_replicates()) {
    communicator_.all_reduce(message_of(values));
  } else if (is_first()) {
    for (std::size_t i = 1; i < devices_.ids.size(); ++i) {
      Values other(values.dtype(), values.shape());
      communicator_.receive(message_of(other), devices_.ids[i]);
      add_to(values, other);
    }
  } else {
    communicator_.send(message_of(values), devices_.first());
  }
  return values;
}

Values ReplicaExchange::take_from(std::size_t from, Values values) {
  const int source = devices_.ids[from];
  if (source == devices_.first()) return values;
  if (communicator_.rank() == source) communicator_.send(message_of(values), devices_.first());
  if (is_first()) communicator_.receive(message_of(values), source);
  return values;
}

}  // namespace lockstep
