// SPDX-License-Identifier: Apache-2.0
#include "suites/training/micro_batches.hpp"

#include <numeric>

#include "suites/training/rows.hpp"

namespace lockstep {
namespace {

std::int64_t total_rows(const std::vector<RowRange>& ranges) {
  return std::accumulate(ranges.begin(), ranges.end(), std::int64_t{0},
                         [](std::int64_t sum, const RowRange& range) { return sum + range.count(); });
}

}  // namespace

std::vector<double> micro_batch_weights(const std::vector<RowRange>& ranges, bool equally) {
  const auto rows = static_cast<double>(total_rows(ranges));
  std::vector<double> weights;
  for (const RowRange& range : ranges)
    weights.push_back(equally ? 1.0 / static_cast<double>(ranges.size()) : static_cast<double>(range.count()) / rows);
  return weights;
}

double MicroBatchPass::run(const Batch& batch, const std::vector<RowRange>& ranges, const std::vector<double>& weights,
                           double loss_scale) {
  const auto rows = static_cast<double>(total_rows(ranges));
  double mean_loss = 0;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    Variable loss;
    {
      const PhaseScope scope(clock, Phase::forward);
      const Batch part = take_rows(batch, ranges[i]);
      const Variable output = model(autograd, Variable(part.x));
      loss = model.loss(autograd, output, Variable(part.y));
    }
    mean_loss += loss.value()[0] * (static_cast<double>(ranges[i].count()) / rows);
    const PhaseScope scope(clock, Phase::backward);
    if (before_backward) before_backward(i, loss);
    Values seed(loss.dtype(), loss.shape());
    seed.set(0, weights[i] * loss_scale);
    autograd.backward(loss, Variable(std::move(seed)));
    if (after_backward) after_backward(i);
  }
  return mean_loss;
}

}  // namespace lockstep
