// SPDX-License-Identifier: Apache-2.0
#include "reference/models/model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "harness/autograd/forward_mode_executor.hpp"
#include "harness/autograd/views.hpp"
#include "harness/data/error.hpp"
#include "harness/data/random.hpp"
#include "reference/models/shuffle_net.hpp"

namespace lockstep {
namespace {

Values random_values(const std::string& name, const Shape& shape) {
  RandomStream random(hash_name(name));
  Values values(DType::f64, shape);
  for (std::int64_t i = 0; i < values.count(); ++i) values.set(i, 2.0 * random.uniform() - 1.0);
  return values;
}

/// What one training step is differentiated with: a model and a batch.
struct Setting {
  std::unique_ptr<Model> model;
  Values x, target;
};

Setting setting_of(const std::string& name) {
  const ModelDefinition& definition = find_model(name);
  constexpr std::int64_t kRows = 3;
  Shape x_shape = definition.row_shape, y_shape = definition.target_shape;
  x_shape.insert(x_shape.begin(), kRows);
  y_shape.insert(y_shape.begin(), kRows);
  Values target = definition.classes > 0 ? Values(DType::i64, y_shape) : random_values("target", y_shape);
  if (definition.classes > 0)
    for (std::int64_t i = 0; i < kRows; ++i) target.set(i, static_cast<double>(i % definition.classes));
  Values x = random_values("x", x_shape);
  if (definition.vocabulary > 0) {
    const Values numbers = std::move(x);
    x = Values(DType::i64, x_shape);
    for (std::int64_t i = 0; i < x.count(); ++i)
      x.set(i, std::floor(0.5 * (numbers[i] + 1.0) * static_cast<double>(definition.vocabulary)));
  }
  return {definition.make({.dtype = DType::f64, .seed = 5}), std::move(x), std::move(target)};
}

/// The loss's derivative along one direction of all parameters, twice: from the backwards, chained by the autograd, and
/// from the forward's formulas in Dual arithmetic.
struct Derivatives {
  double backward = 0, forward = 0;
  double discrepancy() const { return std::abs(backward - forward) / std::max(1.0, std::abs(backward)); }
};

Derivatives derivatives_of(const std::function<Setting()>& make) {
  Derivatives found;
  const Setting one = make(), twin = make();
  ReferenceExecutor reference;
  Autograd autograd(reference);
  autograd.backward(one.model->loss(autograd, (*one.model)(autograd, Variable(one.x)), Variable(one.target)));
  ForwardModeExecutor dual;
  const auto parameters = one.model->parameters(), twins = twin.model->parameters();
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    const Values direction = random_values(parameters[p].name, parameters[p].variable.shape());
    dual.set_tangent(twins[p].variable.value(), direction);
    if (!parameters[p].variable.gradient()) continue;
    const Values& gradient = parameters[p].variable.gradient().value();
    for (std::int64_t i = 0; i < gradient.count(); ++i) found.backward += gradient[i] * direction[i];
  }
  Autograd forward_mode(dual);
  const Variable output = (*twin.model)(forward_mode, Variable(twin.x));
  const Variable loss = twin.model->loss(forward_mode, output, Variable(twin.target));
  found.forward = (*dual.tangent_of(loss.value()))[0];
  return found;
}

class ModelGradients : public ::testing::TestWithParam<const char*> {};

TEST_P(ModelGradients, EqualTheDirectionalDerivative) {
  const Derivatives found = derivatives_of([] { return setting_of(GetParam()); });
  EXPECT_NE(found.backward, 0.0);
  EXPECT_LT(found.discrepancy(), 1e-11) << found.backward << " and " << found.forward;
}

INSTANTIATE_TEST_SUITE_P(Models, ModelGradients,
                         ::testing::Values("exact", "mlp", "gated", "conv", "tfm", "image_conv_net", "resnet18_tiny",
                                           "resnet50_tiny", "shufflenet_tiny", "bert_tiny"),
                         [](const auto& model) { return std::string(model.param); });

/// Tokens turned round by a view of its own, then the transformer; the view's backward is given.
class WrongViewModel final : public Model {
 public:
  explicit WrongViewModel(bool backward_is_wrong)
      : inner_(add_child("", std::shared_ptr<Model>(find_model("tfm").make({.dtype = DType::f64, .seed = 5})))),
        shift_(add_parameter("shift", random_values("shift", find_model("tfm").row_shape))),
        backward_is_wrong_(backward_is_wrong) {}
  Loss loss_kind() const override { return Loss::cross_entropy; }

 private:
  /// [tokens, features] rolled by one token; the backward rolls back, or, wrongly, on.
  class Roll final : public Function {
   public:
    explicit Roll(std::int64_t back) : back_(back) {}
    std::string name() const override { return "roll"; }
    std::vector<Variable> backward(Autograd&, const std::vector<Variable>& gradients,
                                   const std::vector<bool>&) override {
      return {Variable(rolled(*gradients[0].shared_value(), back_))};
    }

   private:
    std::int64_t back_;
  };
  static Values rolled(const Values& in, std::int64_t by) {
    Values out(in.dtype(), in.shape());
    const std::int64_t tokens = in.shape()[0], features = in.shape()[1];
    for (std::int64_t t = 0; t < tokens; ++t)
      for (std::int64_t f = 0; f < features; ++f)
        out.set(((t + by + tokens) % tokens) * features + f, in[t * features + f]);
    return out;
  }
  Variable forward(Autograd& autograd, const Variable& x) override {
    const Movement movement = [](const std::vector<const Values*>& in) { return rolled(*in[0], 1); };
    std::vector<Values> outputs;
    outputs.push_back(autograd.executor().move(movement, {&shift_.value()}));
    const Variable moved =
        autograd.record(std::make_shared<Roll>(backward_is_wrong_ ? 1 : -1), {shift_}, std::move(outputs))[0];
    std::vector<Variable> rows;
    Shape one = moved.shape();
    one.insert(one.begin(), 1);
    for (std::int64_t row = 0; row < x.shape()[0]; ++row) rows.push_back(reshape(autograd, moved, one));
    return (*inner_)(autograd, add(autograd, x, concatenate(autograd, rows, 0)));
  }

  std::shared_ptr<Model> inner_;
  Variable shift_;
  bool backward_is_wrong_;
};

TEST(ModelDerivatives, AViewWithAWrongBackwardIsFound) {
  const auto discrepancy = [](bool wrong) {
    return derivatives_of([wrong] {
             Setting setting = setting_of("tfm");
             setting.model = std::make_unique<WrongViewModel>(wrong);
             return setting;
           })
        .discrepancy();
  };
  EXPECT_LT(discrepancy(false), 1e-11);
  EXPECT_GT(discrepancy(true), 1e-4);
}

TEST(Models, AreFoundByNameOrListed) {
  EXPECT_EQ(find_model("conv").classes, 3);
  try {
    find_model("vgg");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("unknown model 'vgg'; accepted: exact, mlp"));
  }
}

std::int64_t count_of(const std::vector<NamedVariable>& tensors, const std::string& prefix = "") {
  std::int64_t count = 0;
  for (const NamedVariable& tensor : tensors)
    if (tensor.name.starts_with(prefix)) count += tensor.variable.count();
  return count;
}

/// Shape of what the model gives for x in evaluation mode.
Shape output_shape(Model& model, const Values& x) {
  model.evaluate();
  ReferenceExecutor executor;
  Autograd autograd(executor);
  const NoGradient scope(autograd);
  return model(autograd, Variable(x)).shape();
}

TEST(Models, GiveEveryRowItsClassesOrNumbers) {
  for (const ModelDefinition& definition : model_definitions()) {
    if (definition.has_published_size) continue;
    const Setting setting = setting_of(definition.name);
    Shape expected = definition.target_shape;
    if (definition.classes > 0) expected = {definition.classes};
    expected.insert(expected.begin(), setting.x.shape()[0]);
    EXPECT_EQ(output_shape(*setting.model, setting.x), expected) << definition.name;
  }
}

TEST(Models, HaveThePublishedNumbersOfParameters) {
  struct Published {
    const char* name;
    std::int64_t parameters;
    std::size_t parameter_tensors, buffer_tensors;
  };
  // num_params of torchvision.models' ResNet18_Weights, ResNet50_Weights and ShuffleNet_V2_X1_0_Weights; each batch norm
  // has two parameters and, beside its counter of batches, two buffers.
  for (const Published& published : {Published{"resnet18", 11689512, 62, 40}, Published{"resnet50", 25557032, 161, 106},
                                     Published{"shufflenet", 2278604, 170, 112}}) {
    const auto model = find_model(published.name).make({.dtype = DType::f32});
    EXPECT_EQ(count_of(model->parameters()), published.parameters) << published.name;
    EXPECT_EQ(find_model(published.name).parameter_count, published.parameters) << published.name;
    EXPECT_EQ(model->parameters().size(), published.parameter_tensors) << published.name;
    EXPECT_EQ(model->buffers().size(), published.buffer_tensors) << published.name;
    // All strides of 32 down to one pixel.
    EXPECT_EQ(output_shape(*model, Values(DType::f32, {1, 3, 32, 32})), (Shape{1, 1000})) << published.name;
  }
}

TEST(Models, BertBaseHasTheParametersOfItsConfiguration) {
  const auto model = find_model("bert_base").make({.dtype = DType::f32});
  const auto parameters = model->parameters();
  // Words, positions and segments, then a norm.
  EXPECT_EQ(count_of(parameters, "bert.embeddings."), (30522 + 512 + 2) * 768 + 2 * 768);
  // Four maps of the attention, two of the feed-forward, two norms.
  const std::int64_t layer = 4 * (768 * 768 + 768) + (768 * 3072 + 3072) + (3072 * 768 + 768) + 2 * 2 * 768;
  EXPECT_EQ(count_of(parameters, "bert.encoder.layer.11."), layer);
  EXPECT_EQ(count_of(parameters, "bert.encoder."), 12 * layer);
  // The paper's 110 M; bert-base-uncased as transformers' BertModel.
  EXPECT_EQ(count_of(parameters, "bert."), 109482240);
  EXPECT_EQ(count_of(parameters), find_model("bert_base").parameter_count);
  EXPECT_EQ(parameters.size(), 201u);
  EXPECT_EQ(output_shape(*model, Values(DType::i64, {1, 2})), (Shape{1, 2}));
}

TEST(Models, BertTakesWordsOfItsVocabularyInSequencesThatFit) {
  const auto model = find_model("bert_tiny").make({.dtype = DType::f64});
  const auto complaint = [&](const Values& x) -> std::string {
    try {
      output_shape(*model, x);
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing was thrown";
  };
  Values words(DType::i64, {2, 12});
  words.set(5, 31);
  EXPECT_EQ(complaint(words), "nothing was thrown");
  words.set(5, 32);
  EXPECT_EQ(complaint(words), "index out of range in self: 32; accepted: 0 to 31");
  words.set(5, -1);
  EXPECT_EQ(complaint(words), "index out of range in self: -1; accepted: 0 to 31");
  EXPECT_EQ(complaint(Values(DType::i64, {2, 13})), "index out of range in self: 12; accepted: 0 to 11");
  EXPECT_THAT(complaint(Values(DType::f64, {2, 12})), ::testing::HasSubstr("accepted: i64"));
  EXPECT_THAT(complaint(Values(DType::i64, {12})), ::testing::HasSubstr("accepted: rows and tokens"));
}

TEST(Models, AShuffleUnitNeedsHalves) {
  const ModelOptions options{.dtype = DType::f64};
  EXPECT_THROW(ShuffleUnit(options, 8, 9, 2), Error);
  EXPECT_THROW(ShuffleUnit(options, 8, 16, 1), Error);
}

/// With stride 1 half of the channels pass and are only shuffled: channel c of the first half goes to 2 c.
TEST(Models, AShuffleUnitPassesTheFirstHalf) {
  ShuffleUnit unit({.dtype = DType::f64, .seed = 5}, 6, 6, 1);
  const Values x = random_values("x", {2, 6, 3, 3});
  ReferenceExecutor executor;
  Autograd autograd(executor);
  const Values y = unit(autograd, Variable(x)).value();
  for (std::int64_t row = 0; row < 2; ++row)
    for (std::int64_t c = 0; c < 3; ++c)
      for (std::int64_t pixel = 0; pixel < 9; ++pixel)
        EXPECT_EQ(y[(row * 6 + 2 * c) * 9 + pixel], x[(row * 6 + c) * 9 + pixel]);
}

TEST(Models, AreListedWithTheirNumberOfParameters) {
  for (const ModelDefinition& definition : model_definitions()) {
    if (definition.has_published_size) continue;
    const auto model = definition.make({.dtype = DType::f32});
    EXPECT_EQ(count_of(model->parameters()), definition.parameter_count) << definition.name;
  }
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
