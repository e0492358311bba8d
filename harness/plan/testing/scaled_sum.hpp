// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "harness/data/error.hpp"
#include "harness/numerics/sum.hpp"
#include "harness/plan/case.hpp"
#include "harness/plan/formula_operator.hpp"
#include "harness/plan/reference_implementation.hpp"

namespace lockstep::testing {

/// The smallest operator that has everything the harness knows of: a sum whose exact fill is exact, a second output, a saved
/// statistic, a refusal, faults and an equivalence.
///
///   y[r] = scale * sum_c x[r, c],  z[r, c] = x[r, c] * y[r]
///   d_x[r, c] = scale * (g_y[r] + sum_k g_z[r, k] x[r, k]) + g_z[r, c] * y[r]
///
/// Shapes: x, z, g_z, d_x [*, columns], seen as [rows, columns]; y, g_y [rows]. Parameters: scale (2). Refused: a scalar x.
struct ScaledSum {
  std::int64_t rows = 0, columns = 0;
  double scale = 2.0;

  explicit ScaledSum(const Problem& problem) : scale(problem.parameters.real("scale", 2.0)) {
    const Shape& shape = problem.shape("x");
    if (shape.empty()) throw Refused("scaled_sum(): x must have at least 1 dimension");
    columns = shape.back();
    rows = columns == 0 ? 0 : element_count(shape) / columns;
  }
};

namespace {  // names a type of its own in every test file; see FormulaOperator

template <class T>
class ScaledSumForward {
 public:
  ScaledSumForward(const Problem& problem, const Operands<T>& in) : op_(problem), x_(in[0]), sums_(op_.rows) {}
  T element(std::size_t output, std::int64_t index) const {
    return output == 0 ? total(index) : x_[index] * shared(total(index / op_.columns));
  }

 private:
  T total(std::int64_t row) const {
    return sums_.at(row, [this](std::int64_t r) {
      return T(op_.scale) * sum<T>(op_.columns, [&](std::int64_t c) { return x_[r * op_.columns + c]; });
    });
  }
  ScaledSum op_;
  Operand<T> x_;
  LazyGroups<T> sums_;
};

template <class T>
class ScaledSumBackward {
 public:
  ScaledSumBackward(const Problem& problem, const Operands<T>& in)
      : op_(problem), x_(in.at(0)), y_(in.at(1)), g_y_(in.at(2)), g_z_(in.at(3)), slopes_(op_.rows) {}
  T element(std::size_t, std::int64_t index) const {
    const std::int64_t row = index / op_.columns;
    const T slope = slopes_.at(row, [this](std::int64_t r) {
      const auto at = [this, r](std::int64_t c) { return r * op_.columns + c; };
      const T through_z = dot<T>(
          op_.columns, [&](std::int64_t c) { return g_z_[at(c)]; }, [&](std::int64_t c) { return x_[at(c)]; });
      return shared(T(op_.scale) * (g_y_[r] + through_z));
    });
    return slope + g_z_[index] * y_[row];
  }

 private:
  ScaledSum op_;
  Operand<T> x_, y_, g_y_, g_z_;
  LazyGroups<T> slopes_;
};

class ScaledSumOperator : public FormulaOperator<ScaledSumForward, ScaledSumBackward> {
 public:
  std::string_view name() const override { return "scaled_sum"; }

  Signature signature(const Problem& problem) const override {
    const ScaledSum op(problem);
    const DType dtype = problem.dtype;
    const Shape& shape = problem.shape("x");
    const FillRange activation{.moves_with_offset = true, .takes_special = true};
    Signature s;
    s.inputs.push_back({"x", Role::input, dtype, shape, activation, true});
    if (problem.direction == Direction::forward) {
      s.outputs.push_back({"y", Role::output, dtype, {op.rows}, {}, false, true});
      s.outputs.push_back({"z", Role::output, dtype, shape, {}, true});
      return s;
    }
    s.inputs.push_back({"y", Role::saved, DType::f32, {op.rows}, {}});
    s.inputs.push_back({"g_y", Role::gradient, dtype, {op.rows}, {}});
    s.inputs.push_back({"g_z", Role::gradient, dtype, shape, {}, true});
    s.outputs.push_back({"d_x", Role::output, dtype, shape, {}, true});
    return s;
  }

  Cost cost(const Problem& problem) const override {
    const ScaledSum op(problem);
    return {static_cast<double>(op.rows * op.columns), 0};
  }

  std::vector<Fault> faults(const Problem&) const override {
    const auto with_scale = [](std::string id, double factor) {
      return Fault{std::move(id), "the scale is wrong",
                   [factor](const Problem& problem, const std::vector<Values>& inputs) {
                     Problem changed = problem;
                     changed.parameters.set_real("scale", factor * problem.parameters.real("scale", 2.0));
                     return evaluate_as<ScaledSumForward, ScaledSumBackward>(changed, inputs);
                   }};
    };
    return {with_scale("scale_forgotten", 0.5),
            with_scale("scale_hardly_off", 1 + 0x1p-23),
            {"only_first_row", "needs a second row", [](const Problem& problem, const std::vector<Values>&) {
               const ScaledSum op(problem);
               return op.rows < 2 ? nullptr
                                  : std::make_unique<WrongAnswer>([](std::size_t, std::int64_t) { return 0.25; });
             }}};
  }

  std::vector<Equivalence> equivalences() const override {
    return {{"scale_forgotten", {DType::bf16}, "said to be invisible in bfloat16", {Direction::forward}}};
  }

  void derive_saved(const Problem& problem, std::vector<Values>& inputs) const override {
    const ScaledSumForward<double> forward(problem, operands_of<double>(inputs));
    for (std::int64_t r = 0; r < inputs[1].count(); ++r) inputs[1].set(r, forward.element(0, r));
  }
};

/// "scaled_sum.forward" on x of `shape`.
[[maybe_unused]] inline Problem scaled_sum_problem(Shape shape, Direction direction = Direction::forward,
                                                   DType dtype = DType::f32) {
  Problem problem{
      .operator_name = "scaled_sum", .direction = direction, .shapes = {}, .parameters = {}, .dtype = dtype};
  problem.set_shape("x", std::move(shape));
  return problem;
}

/// What happens behind the `launch`-th launch (from 0): the place where tests plant faults.
using Afterwards = std::function<void(const Tensors& tensors, int launch)>;

/// The float reference called "cuda.<idea>", so that the emulator takes it too, followed by `afterwards`.
[[maybe_unused]] inline Implementation spoiled_reference(const Operator& definition, Direction direction,
                                                         Afterwards afterwards = {}, std::string idea = "spoiled") {
  Implementation spoiled = reference_implementation(definition, direction);
  spoiled.backend = Backend::cuda;
  spoiled.idea = std::move(idea);
  spoiled.unsupported = [](const Problem&, const Device&) { return std::optional<std::string>(); };
  spoiled.prepare = [inner = spoiled.prepare, afterwards](const Problem& problem, const Tensors& tensors,
                                                          Device& device) {
    return Launch([launch = inner(problem, tensors, device), afterwards, tensors, launches = std::make_shared<int>(0)] {
      launch();
      if (afterwards) afterwards(tensors, *launches);
      ++*launches;
    });
  };
  return spoiled;
}

}  // namespace
}  // namespace lockstep::testing
