// SPDX-License-Identifier: Apache-2.0
#include "harness/autograd/module.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "harness/autograd/module_state.hpp"
#include "harness/autograd/testing/product_operator.hpp"
#include "harness/data/error.hpp"
#include "harness/data/testing/temporary_folder.hpp"

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Values filled(const Shape& shape, double value) {
  Values values(DType::f64, shape);
  for (std::int64_t i = 0; i < values.count(); ++i) values.set(i, value);
  return values;
}

/// y = x^2 weight.
class Layer final : public Module {
 public:
  explicit Layer(double weight) : weight_(add_parameter("weight", filled({1}, weight))) {
    add_buffer("calls", filled({1}, 0));
  }

 private:
  Variable forward(Autograd& autograd, const Variable& x) override {
    return autograd.apply(square_product_operator(), {}, {{"a", x}, {"b", weight_}})[0];
  }
  Variable weight_;
};

class Chain final : public Module {
 public:
  Chain() : first(add_child("first", std::make_shared<Layer>(2))), second(add_child("", std::make_shared<Layer>(3))) {}
  std::shared_ptr<Layer> first, second;

 private:
  Variable forward(Autograd& autograd, const Variable& x) override {
    return (*second)(autograd, (*first)(autograd, x));
  }
};

class ModuleTest : public ::testing::Test {
 protected:
  ReferenceExecutor executor_;
  Autograd autograd_{executor_};
  Chain chain_;
};

TEST_F(ModuleTest, NamesParametersAndBuffersApart) {
  std::vector<std::string> names, buffers;
  for (const auto& p : chain_.parameters()) names.push_back(p.name);
  for (const auto& b : chain_.buffers()) buffers.push_back(b.name);
  EXPECT_THAT(names, ElementsAre("first.weight", "weight"));
  EXPECT_THAT(buffers, ElementsAre("first.calls", "calls"));
}

TEST_F(ModuleTest, TrainingModeReachesEveryChild) {
  chain_.evaluate();
  EXPECT_FALSE(chain_.second->is_training());
  chain_.train();
  EXPECT_TRUE(chain_.first->is_training());
}

TEST_F(ModuleTest, HooksRunInOrderAndMayReplace) {
  std::vector<std::string> seen;
  chain_.first->register_forward_pre_hook([&](Module&, const Variable&) {
    seen.push_back("pre");
    return Variable(filled({1}, 5), true);
  });
  chain_.first->register_forward_hook([&](Module&, const Variable& x, const Variable& y) {
    seen.push_back("forward");
    EXPECT_EQ(x.value()[0], 5);
    EXPECT_EQ(y.value()[0], 50);
    return Variable();
  });
  chain_.first->register_backward_hook([&](Module&, const Variable& grad_input, const Variable& grad_output) {
    seen.push_back("backward");
    EXPECT_EQ(grad_output.value()[0], 2 * 50 * 3);
    EXPECT_EQ(grad_input.value()[0], 2 * 5 * 2 * 300);
    return Variable();
  });
  autograd_.backward(chain_(autograd_, Variable(filled({1}, 1))));
  EXPECT_THAT(seen, ElementsAre("pre", "forward", "backward"));
}

TEST_F(ModuleTest, ABackwardHookRunsWhereTheInputNeedsNoGradient) {
  bool called = false;
  chain_.first->register_backward_hook([&](Module&, const Variable& grad_input, const Variable& grad_output) {
    called = true;
    EXPECT_FALSE(grad_input);
    EXPECT_TRUE(grad_output);
    return Variable();
  });
  autograd_.backward(chain_(autograd_, Variable(filled({1}, 1))));
  EXPECT_TRUE(called);
}

TEST_F(ModuleTest, AStateGoesToDiskAndBack) {
  const testing::TemporaryFolder temporary;
  const std::filesystem::path folder = temporary.path() / "state";
  chain_.parameters()[0].variable.set_value(filled({1}, 0.1));
  save_state(state_of(chain_), folder);
  Chain other;
  load_state(other, read_state(folder));
  EXPECT_EQ(other.parameters()[0].variable.value()[0], 0.1);
  EXPECT_THROW(read_state(folder / "nowhere"), Error);
}

TEST_F(ModuleTest, AStateThatDoesNotFitIsRefusedByNameAndChangesNothing) {
  ModuleState state = state_of(chain_);
  state.erase("calls");
  state["first.weight"] = filled({2}, 9);
  state["weight"] = filled({1}, 9);
  state["extra"] = filled({1}, 9);
  try {
    load_state(chain_, state);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("missing: calls; unexpected: extra; size mismatch: first.weight is [2] in the "
                                        "state and [1] in the model"));
  }
  EXPECT_EQ(chain_.parameters()[1].variable.value()[0], 3);
}

}  // namespace
}  // namespace lockstep
