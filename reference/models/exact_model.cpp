// SPDX-License-Identifier: Apache-2.0
#include "reference/models/exact_model.hpp"

#include "harness/data/random.hpp"
#include "reference/operators.hpp"

namespace lockstep {

Values small_integers(DType dtype, std::uint64_t seed, const std::string& name, const Shape& shape,
                      std::int64_t bound) {
  RandomStream random(seed ^ hash_name(name));
  Values values(dtype, shape);
  for (std::int64_t i = 0; i < values.count(); ++i)
    values.set(i, static_cast<double>(random.below(2 * bound + 1) - bound));
  return values;
}

ExactModel::ExactModel(const ModelOptions& options) {
  const auto integers = [&](const char* name, const Shape& shape) {
    return add_parameter(name, small_integers(options.dtype, options.seed, name, shape, 1));
  };
  weight1_ = integers("weight1", {16, 8});
  bias1_ = integers("bias1", {16});
  weight2_ = integers("weight2", {4, 16});
  bias2_ = integers("bias2", {4});
}

Variable ExactModel::forward(Autograd& autograd, const Variable& x) {
  const auto linear = [&](const Variable& input, const Variable& weight, const Variable& bias) {
    return autograd.apply(linear_operator(), {}, {{"x", input}, {"weight", weight}, {"bias", bias}})[0];
  };
  return linear(relu(autograd, linear(x, weight1_, bias1_)), weight2_, bias2_);
}

}  // namespace lockstep
