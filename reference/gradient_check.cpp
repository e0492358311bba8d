// SPDX-License-Identifier: Apache-2.0
#include "reference/gradient_check.hpp"

#include <cmath>

#include "harness/data/error.hpp"
#include "harness/data/random.hpp"
#include "harness/plan/case_inputs.hpp"

namespace lockstep {
namespace {

/// A problem in both directions with inputs, gradients and a direction for every input that has a gradient.
struct Setting {
  Problem forward, backward;
  Signature forward_signature, backward_signature;
  std::vector<Values> inputs, directions, second_directions, backward_inputs;

  Setting(const Operator& definition, Problem given, std::uint64_t seed) : backward(std::move(given)) {
    backward.dtype = DType::f64;
    forward = backward;
    forward.direction = Direction::forward;
    forward_signature = definition.signature(forward);
    backward_signature = definition.signature(backward);
    inputs = draw_inputs(definition, forward, forward_signature, seed);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      for (auto* list : {&directions, &second_directions}) {
        Values direction(DType::f64, inputs[i].shape());
        if (is_differentiable(forward_signature.inputs[i].name))
          fill_values(direction, Fill::normal, {}, seed + list->size() * 2 + (list == &directions ? 1000 : 2000));
        list->push_back(std::move(direction));
      }
    }
    backward_inputs = draw_inputs(definition, backward, backward_signature, seed);
    for (std::size_t i = 0; i < backward_inputs.size(); ++i)  // the backward sees the forward's inputs
      for (std::size_t k = 0; k < inputs.size(); ++k)
        if (backward_signature.inputs[i].name == forward_signature.inputs[k].name) backward_inputs[i] = inputs[k];
    definition.derive_saved(backward, backward_inputs);
  }

  bool is_differentiable(const std::string& input) const {
    for (const TensorSpec& output : backward_signature.outputs)
      if (output.name == "d_" + input) return true;
    return false;
  }
  /// The gradient given for a forward output, or null when it has none (updated buffers).
  const Values* gradient_of(const std::string& output) const {
    for (std::size_t i = 0; i < backward_inputs.size(); ++i)
      if (backward_signature.inputs[i].name == "g_" + output) return &backward_inputs[i];
    return nullptr;
  }
  std::size_t input_named(const std::string& name) const {
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (forward_signature.inputs[i].name == name) return i;
    throw Error("the backward gives d_" + name + ", but the forward has no input " + name);
  }
};

/// A sum with the sum of its terms' magnitudes, to compare two sums relative to what cancelled in them.
struct Inner {
  double value = 0, magnitude = 0;
  void add(double term) {
    value += term;
    magnitude += std::abs(term);
  }
};

double discrepancy(const Inner& a, const Inner& b) {
  const double scale = a.magnitude + b.magnitude;
  return scale == 0 ? 0 : std::abs(a.value - b.value) / scale;
}

/// Sum of d_input * direction over the backward's outputs, as `read` sees element (output, index).
template <class Read>
Inner against_directions(const Setting& s, Read read) {
  Inner inner;
  for (std::size_t output = 0; output < s.backward_signature.outputs.size(); ++output) {
    const std::size_t input = s.input_named(s.backward_signature.outputs[output].name.substr(2));
    for (std::int64_t i = 0; i < s.inputs[input].count(); ++i) inner.add(read(output, i) * s.directions[input][i]);
  }
  return inner;
}

/// Sum of g * (tangent of output) over the forward's outputs.
template <class Read>
Inner against_gradients(const Setting& s, Read read) {
  Inner inner;
  for (std::size_t output = 0; output < s.forward_signature.outputs.size(); ++output)
    if (const Values* g = s.gradient_of(s.forward_signature.outputs[output].name))
      for (std::int64_t i = 0; i < g->count(); ++i) inner.add((*g)[i] * read(output, i));
  return inner;
}

}  // namespace

double gradient_discrepancy(const Operator& definition, Problem backward, std::uint64_t seed) {
  const Setting s(definition, std::move(backward), seed);
  Operands<Dual<double>> dual;
  for (std::size_t i = 0; i < s.inputs.size(); ++i) dual.emplace_back(s.inputs[i], &s.directions[i]);
  const auto forward = definition.in_dual(s.forward, dual);
  const auto gradients = definition.in_double(s.backward, operands_of<double>(s.backward_inputs));
  return discrepancy(
      against_gradients(s, [&](std::size_t output, std::int64_t i) { return forward->element(output, i).tangent; }),
      against_directions(s, [&](std::size_t output, std::int64_t i) { return gradients->element(output, i); }));
}

double second_gradient_discrepancy(const Operator& definition, Problem backward, std::uint64_t seed) {
  using Second = Dual<Dual<double>>;
  const Setting s(definition, std::move(backward), seed);
  // Outer tangents along w, inner along v: the mixed part of the forward is w^T H v.
  Operands<Second> forward_inputs;
  for (std::size_t i = 0; i < s.inputs.size(); ++i)
    forward_inputs.emplace_back(s.inputs[i], &s.directions[i], &s.second_directions[i]);
  Operands<Dual<double>> backward_inputs;
  for (std::size_t i = 0; i < s.backward_inputs.size(); ++i) {
    const Values* tangents = nullptr;
    for (std::size_t k = 0; k < s.inputs.size(); ++k)
      if (s.backward_signature.inputs[i].name == s.forward_signature.inputs[k].name) tangents = &s.second_directions[k];
    backward_inputs.emplace_back(s.backward_inputs[i], tangents);
  }
  const auto forward = definition.in_second_dual(s.forward, forward_inputs);
  const auto gradients = definition.in_dual(s.backward, backward_inputs);
  return discrepancy(
      against_gradients(
          s, [&](std::size_t output, std::int64_t i) { return forward->element(output, i).tangent.tangent; }),
      against_directions(s, [&](std::size_t output, std::int64_t i) { return gradients->element(output, i).tangent; }));
}

}  // namespace lockstep
