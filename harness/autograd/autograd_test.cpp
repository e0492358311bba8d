// SPDX-License-Identifier: Apache-2.0
#include "harness/autograd/autograd.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/autograd/testing/product_operator.hpp"
#include "harness/autograd/views.hpp"
#include "harness/data/error.hpp"

namespace lockstep {
namespace {

using ::testing::ElementsAre;

Values values_of(const std::vector<double>& numbers, DType dtype = DType::f64) {
  Values values(dtype, {static_cast<std::int64_t>(numbers.size())});
  for (std::size_t i = 0; i < numbers.size(); ++i) values.set(static_cast<std::int64_t>(i), numbers[i]);
  return values;
}

std::vector<double> numbers_of(const Variable& variable) {
  std::vector<double> numbers;
  for (std::int64_t i = 0; i < variable.count(); ++i) numbers.push_back(variable.value()[i]);
  return numbers;
}

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

class AutogradTest : public ::testing::Test {
 protected:
  Variable multiply(const Variable& a, const Variable& b) {
    return autograd_.apply(square_product_operator(), {}, {{"a", a}, {"b", b}})[0];
  }
  Variable leaf(const std::vector<double>& numbers) { return Variable(values_of(numbers), true); }
  Variable ones(const Variable& like) { return Variable(values_of(std::vector<double>(numbers_of(like).size(), 1.0))); }

  ReferenceExecutor executor_;
  Autograd autograd_{executor_};
};

TEST_F(AutogradTest, GradientsAddUpUntilTheyAreCleared) {
  Variable a = leaf({2, 3}), b = leaf({5, 7});
  for (int pass = 1; pass <= 2; ++pass) {
    const Variable y = multiply(a, b);
    autograd_.backward(y, ones(y));
    EXPECT_THAT(numbers_of(a.gradient()), ElementsAre(20.0 * pass, 42.0 * pass));
    EXPECT_THAT(numbers_of(b.gradient()), ElementsAre(4.0 * pass, 9.0 * pass));
  }
  a.zero_gradient();
  b.clear_gradient();
  EXPECT_THAT(numbers_of(a.gradient()), ElementsAre(0, 0));
  EXPECT_FALSE(b.gradient());
}

TEST_F(AutogradTest, ATensorUsedTwiceGetsBothGradients) {
  Variable a = leaf({3});
  autograd_.backward(multiply(a, a));  // a^3
  EXPECT_THAT(numbers_of(a.gradient()), ElementsAre(27));
  Variable b = leaf({2});
  autograd_.backward(multiply(multiply(b, b), b));  // (b^3)^2 b
  EXPECT_THAT(numbers_of(b.gradient()), ElementsAre(7 * 64));
}

TEST_F(AutogradTest, RefusesWhatPyTorchRefusesInItsWords) {
  Variable a = leaf({1, 2}), plain(values_of({1, 2}));
  const Variable y = multiply(a, a);
  EXPECT_EQ(message_of([&] { autograd_.backward(y); }), "grad can be implicitly created only for scalar outputs");
  EXPECT_EQ(message_of([&] { autograd_.backward(multiply(plain, plain), ones(y)); }),
            "element 0 of tensors does not require grad and does not have a grad_fn");
  EXPECT_THAT(message_of([&] { autograd_.backward(y, Variable(values_of({1}))); }),
              ::testing::HasSubstr("Mismatch in shape: grad_output has a shape of [1] and output has a shape of [2]"));
  autograd_.backward(y, ones(y));
  EXPECT_THAT(message_of([&] { autograd_.backward(y, ones(y)); }),
              ::testing::HasSubstr("Trying to backward through the graph a second time"));
  EXPECT_THAT(message_of([&] { Variable indices(Values(DType::i64, {2}), true); }),
              ::testing::HasSubstr("only tensors of floating point dtype"));
  EXPECT_THAT(message_of([&] {
                multiply(a, Variable(values_of({1, 2}, DType::f32)));
              }),
              ::testing::HasSubstr("square_product: the input 'b' holds f32; accepted: f64"));
}

TEST_F(AutogradTest, ARetainedGraphIsWalkedAgain) {
  Variable a = leaf({2});
  const Variable y = multiply(a, a);
  autograd_.backward(y, {}, {.retain_graph = true});
  autograd_.backward(y);
  EXPECT_THAT(numbers_of(a.gradient()), ElementsAre(24));
}

TEST_F(AutogradTest, DetachAndNoGradientCutTheGraph) {
  Variable a = leaf({2});
  autograd_.backward(multiply(a.detach(), a));
  EXPECT_THAT(numbers_of(a.gradient()), ElementsAre(4));
  const NoGradient scope(autograd_);
  EXPECT_FALSE(multiply(a, a).requires_gradient());
}

TEST_F(AutogradTest, AFailedBackwardLeavesRecordingAsItWas) {
  Variable a = leaf({2});
  a.register_hook([](const Variable&) -> std::optional<Variable> { throw Error("planted"); });
  EXPECT_EQ(message_of([&] { autograd_.backward(multiply(a, a)); }), "planted");
  EXPECT_TRUE(multiply(a, a).requires_gradient());
}

TEST_F(AutogradTest, HooksSeeTheWholeGradientAndMayReplaceIt) {
  Variable a = leaf({3});
  std::vector<double> seen;
  const HookId id = a.register_hook([&](const Variable& gradient) -> std::optional<Variable> {
    seen.push_back(gradient.value()[0]);
    return Variable(values_of({1}));
  });
  int accumulated = 0;
  a.register_accumulation_hook([&](Variable& leaf) {
    ++accumulated;
    EXPECT_TRUE(leaf.is_same_as(a));
  });
  autograd_.backward(multiply(a, a));
  EXPECT_THAT(seen, ElementsAre(27));
  EXPECT_THAT(numbers_of(a.gradient()), ElementsAre(1));
  a.remove_hook(id);
  autograd_.backward(multiply(a, a));
  EXPECT_THAT(numbers_of(a.gradient()), ElementsAre(28));
  EXPECT_EQ(accumulated, 2);
}

TEST_F(AutogradTest, AHookRunsThoughNobodyHoldsItsTensor) {
  Variable a = leaf({3});
  double seen = 0;
  Variable y;
  {
    Variable middle = multiply(a, a);
    middle.register_hook([&](const Variable& gradient) -> std::optional<Variable> {
      seen = gradient.value()[0];
      return std::nullopt;
    });
    y = reshape(autograd_, middle, {1, 1});
  }
  autograd_.backward(y);
  EXPECT_EQ(seen, 1);
}

TEST_F(AutogradTest, KeepsTheGradientOfAnInnerTensorOnDemand) {
  Variable a = leaf({3});
  Variable middle = multiply(a, a);
  middle.retain_gradient();
  autograd_.backward(multiply(middle, a));
  EXPECT_THAT(numbers_of(middle.gradient()), ElementsAre(2 * 27 * 3));
}

TEST_F(AutogradTest, ALeafIsServedBeforeTheWalkEnds) {
  Variable first = leaf({2}), last = leaf({3});
  std::vector<std::string> order;
  Variable middle = multiply(first, first);
  middle.register_hook([&](const Variable&) -> std::optional<Variable> {
    order.push_back("middle");
    return std::nullopt;
  });
  last.register_accumulation_hook([&](Variable&) { order.push_back("last"); });
  first.register_accumulation_hook([&](Variable&) { order.push_back("first"); });
  autograd_.backward(multiply(middle, last));
  EXPECT_THAT(order, ElementsAre("last", "middle", "first"));
}

TEST_F(AutogradTest, SecondDerivatives) {
  Variable a = leaf({2}), b = leaf({5});
  const Variable y = multiply(a, b);
  const Variable d_a = autograd_.gradients(y, {a}, {}, {.create_graph = true})[0];  // 2 a b
  EXPECT_THAT(numbers_of(d_a), ElementsAre(20));
  EXPECT_FALSE(a.gradient());
  const auto second = autograd_.gradients(d_a, {a, b});
  EXPECT_THAT(numbers_of(second[0]), ElementsAre(10));
  EXPECT_THAT(numbers_of(second[1]), ElementsAre(4));
}

TEST_F(AutogradTest, AGradientPenaltyReachesTheSeedToo) {
  Variable a = leaf({2, 3}), b = leaf({5, 7}), seed = leaf({1, 10});
  const Variable d_b = autograd_.gradients(multiply(a, b), {b}, seed, {.create_graph = true})[0];  // a^2 seed
  autograd_.backward(d_b, ones(d_b));
  EXPECT_THAT(numbers_of(seed.gradient()), ElementsAre(4, 9));
  EXPECT_THAT(numbers_of(a.gradient()), ElementsAre(4, 60));
}

TEST_F(AutogradTest, ThirdDerivativesAreRefused) {
  Variable a = leaf({2});
  const Variable d = autograd_.gradients(multiply(a, a), {a}, {}, {.create_graph = true})[0];
  EXPECT_THAT(message_of([&] { autograd_.gradients(d, {a}, {}, {.create_graph = true}); }),
              ::testing::HasSubstr("third derivatives"));
}

}  // namespace
}  // namespace lockstep
