// SPDX-License-Identifier: Apache-2.0
#include "reference/models/model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "harness/data/error.hpp"
#include "harness/data/random.hpp"

namespace lockstep {
namespace {

Values random_values(const std::string& name, const Shape& shape) {
  RandomStream random(hash_name(name));
  Values values(DType::f64, shape);
  for (std::int64_t i = 0; i < values.count(); ++i) values.set(i, 2.0 * random.uniform() - 1.0);
  return values;
}

/// Carries derivatives along one direction through a model's operators: tangents by the elements they belong to, found
/// again by address. So it serves models without steps that copy (reshape, permute).
class ForwardModeExecutor final : public Executor {
 public:
  void set_tangent(const Values& of, const Values& tangent) { tangents_[of.doubles()] = tangent; }
  double tangent(const Values& of) const { return tangents_.at(of.doubles())[0]; }

  std::vector<Values> run(const Operator& definition, const Problem& problem, const Signature& signature,
                          const std::vector<const Values*>& inputs, const std::vector<bool>&) override {
    Operands<Dual<double>> operands;
    for (const Values* values : inputs) {
      const auto known = values->doubles() ? tangents_.find(values->doubles()) : tangents_.end();
      operands.emplace_back(*values, known == tangents_.end() ? nullptr : &known->second);
    }
    const auto evaluator = definition.in_dual(problem, operands);
    std::vector<Values> outputs;
    for (std::size_t output = 0; output < signature.outputs.size(); ++output) {
      const TensorSpec& spec = signature.outputs[output];
      Values values(spec.dtype, spec.shape), tangent(DType::f64, spec.shape);
      for (std::int64_t i = 0; i < values.count(); ++i) {
        const Dual<double> element = evaluator->element(output, i);
        values.set(i, element.value);
        tangent.set(i, element.tangent);
      }
      if (values.doubles()) tangents_[values.doubles()] = std::move(tangent);
      outputs.push_back(std::move(values));
    }
    return outputs;
  }

 private:
  std::map<const double*, Values> tangents_;
};

class ModelGradients : public ::testing::TestWithParam<const char*> {};

// The hand-written backwards, chained by the autograd, against the derivative of the forward's formulas.
TEST_P(ModelGradients, EqualTheDirectionalDerivative) {
  const ModelDefinition& definition = find_model(GetParam());
  constexpr std::int64_t kRows = 3;
  Shape x_shape = definition.row_shape, y_shape = definition.target_shape;
  x_shape.insert(x_shape.begin(), kRows);
  y_shape.insert(y_shape.begin(), kRows);
  Values target = definition.classes > 0 ? Values(DType::i64, y_shape) : random_values("target", y_shape);
  if (definition.classes > 0)
    for (std::int64_t i = 0; i < kRows; ++i) target.set(i, static_cast<double>(i % definition.classes));
  const Variable x(random_values("x", x_shape));

  ReferenceExecutor reference;
  Autograd autograd(reference);
  const auto model = definition.make({.dtype = DType::f64, .seed = 5});
  autograd.backward(model->loss(autograd, (*model)(autograd, x), Variable(target)));
  double along_direction = 0;
  const auto twin = definition.make({.dtype = DType::f64, .seed = 5});
  ForwardModeExecutor dual;
  const auto parameters = model->parameters(), twins = twin->parameters();
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    const Values direction = random_values(parameters[p].name, parameters[p].variable.shape());
    dual.set_tangent(twins[p].variable.value(), direction);
    if (!parameters[p].variable.gradient()) continue;
    const Values& gradient = parameters[p].variable.gradient().value();
    for (std::int64_t i = 0; i < gradient.count(); ++i) along_direction += gradient[i] * direction[i];
  }

  Autograd forward_mode(dual);
  const NoGradient scope(forward_mode);
  const Variable output = (*twin)(forward_mode, x);
  const Variable loss = twin->loss(forward_mode, output, Variable(target));
  EXPECT_NE(along_direction, 0.0);
  EXPECT_NEAR(dual.tangent(loss.value()), along_direction, 1e-11 * std::max(1.0, std::abs(along_direction)));
}

INSTANTIATE_TEST_SUITE_P(Models, ModelGradients, ::testing::Values("exact", "mlp", "gated", "conv", "image_conv_net"),
                         [](const auto& model) { return std::string(model.param); });

TEST(Models, AreFoundByNameOrListed) {
  EXPECT_EQ(find_model("conv").classes, 3);
  try {
    find_model("vgg");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("unknown model 'vgg'; accepted: exact, mlp"));
  }
}

TEST(Models, ResidualNetIsResNet18) {
  const auto model = find_model("resnet18").make({.dtype = DType::f32});
  std::int64_t count = 0;
  for (const NamedVariable& parameter : model->parameters()) count += parameter.variable.count();
  EXPECT_EQ(count, 11689512);  // torchvision's resnet18
  EXPECT_EQ(model->parameters().size(), 62u);
  EXPECT_EQ(model->buffers().size(), 40u);
}

TEST(Models, EqualSeedsBeginEquallyAndPartsDiffer) {
  const auto a = find_model("image_conv_net").make({.dtype = DType::f64, .seed = 1}),
             b = find_model("image_conv_net").make({.dtype = DType::f64, .seed = 1}),
             c = find_model("image_conv_net").make({.dtype = DType::f64, .seed = 2});
  EXPECT_EQ(a->parameters()[0].variable.value()[0], b->parameters()[0].variable.value()[0]);
  EXPECT_NE(a->parameters()[0].variable.value()[0], c->parameters()[0].variable.value()[0]);
  const auto tiny = find_model("resnet18_tiny").make({.dtype = DType::f64, .seed = 1});
  const auto state = state_of(*tiny);
  EXPECT_NE(state.at("layer1.0.conv1.weight")[0], state.at("layer1.0.conv2.weight")[0]);
}

TEST(Models, ACaseModelTakesItsSizesFromTheState) {
  const auto source = find_model("mlp").make({.dtype = DType::f64, .seed = 9});
  const auto model = make_case_model("mlp", DType::f64, state_of(*source));
  EXPECT_EQ(model->parameters()[0].variable.value()[3], source->parameters()[0].variable.value()[3]);
  ModuleState state = state_of(*source);
  state.erase("w2");
  EXPECT_THROW(make_case_model("mlp", DType::f64, state), Error);
}

}  // namespace
}  // namespace lockstep
