// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reference/models/model.hpp"

namespace lockstep {

/// Linear, relu, linear, mean squared error, on small integers: with a batch and a learning rate that are powers of two
/// every product and sum of one step is a number of few bits, so that no order of summation, no split over ranks and no
/// bucket rounds anything. Modes that are meant to equal one rank agree with it bit for bit, in float32 and wider.
///
/// x [N, 8], target [N, 4]; weight1 [16, 8], bias1 [16], weight2 [4, 16], bias2 [4]. Weights begin in {-1, 0, 1}.
/// Bits, for inputs in {-1, 0, 1} and targets in {-4, ..., 4}: |hidden| <= 9, |output| <= 145, |output - target| <= 149.
/// The loss sums 4N squares: at N = 64 below 5.7e6 < 2^23. In units of 1/(2N) the gradient of the output is at most 149,
/// that of the hidden layer 596, that of weight1 596 N < 2^16, that of weight2 149 * 9 N < 2^17. With a learning rate of
/// 2^-5 new parameters are multiples of 2^-12 below 2^6: 18 bits, well within float32's 24.
class ExactModel final : public Model {
 public:
  explicit ExactModel(const ModelOptions& options);
  Loss loss_kind() const override { return Loss::mean_squared_error; }

 private:
  Variable forward(Autograd& autograd, const Variable& x) override;
  Variable weight1_, bias1_, weight2_, bias2_;
};

/// Integers in {-bound, ..., bound}, a function of seed and name.
Values small_integers(DType dtype, std::uint64_t seed, const std::string& name, const Shape& shape, std::int64_t bound);

}  // namespace lockstep
