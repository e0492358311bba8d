// SPDX-License-Identifier: Apache-2.0
// A batch normalisation in parts: on a batch that is split over ranks they must give what batch_norm gives on the whole.
#include <gtest/gtest.h>

#include <cmath>

#include "reference/operators.hpp"

namespace lockstep {
namespace {

struct Layer {
  std::int64_t channels, plane;
  double mean, deviation;
  bool affine = true, without_momentum = false;
};

/// One step of the layer: what it is given, and what comes out, whoever computes it.
struct Step {
  Values x, weight, bias, running_mean, running_var, g_y;
};
struct Results {
  Values y, d_x, d_weight, d_bias, running_mean, running_var, mean, rstd;
};

Values drawn(DType dtype, Shape shape, double mean, double deviation, std::uint64_t seed) {
  Values values(DType::f32, std::move(shape));
  fill_values(values, Fill::normal, {.mean = mean, .deviation = deviation}, seed);
  return values.rounded_to(dtype);
}

Step step_of(const Layer& layer, std::int64_t images, DType dtype, std::uint64_t seed) {
  const Shape all{images, layer.channels, layer.plane}, channels{layer.channels};
  return {drawn(dtype, all, layer.mean, layer.deviation, seed),
          drawn(dtype, channels, 1, 0.3, seed + 1),
          drawn(dtype, channels, 0, 0.5, seed + 2),
          drawn(dtype, channels, layer.mean, 1, seed + 3),
          drawn(dtype, channels, 4, 0.3, seed + 4),
          drawn(dtype, all, 0.1, 1, seed + 5)};
}

/// The images [first, first + count).
Values images_of(const Values& all, std::int64_t first, std::int64_t count) {
  Shape shape = all.shape();
  const std::int64_t size = all.count() / std::max<std::int64_t>(shape[0], 1);
  shape[0] = count;
  Values part(all.dtype(), shape);
  for (std::int64_t i = 0; i < part.count(); ++i) part.set(i, all[first * size + i]);
  return part;
}

/// Every output of an operator on these inputs, computed in the arithmetic of `dtype` (f32 or f64).
std::vector<Values> run(const Operator& definition, const std::string& label, const std::vector<Values>& inputs,
                        Direction direction = Direction::forward) {
  const DType dtype = inputs[0].dtype();
  const Problem problem = parse_problem(std::string(definition.name()) + "." + std::string(name_of(direction)),
                                        label + ",dtype=" + std::string(name_of(dtype)));
  std::vector<Values> outputs;
  const auto fill_from = [&](const auto& evaluator) {
    const Signature signature = definition.signature(problem);
    for (std::size_t output = 0; output < signature.outputs.size(); ++output) {
      Values values(signature.outputs[output].dtype, signature.outputs[output].shape);
      for (std::int64_t i = 0; i < values.count(); ++i)
        values.set(i, static_cast<double>(evaluator->element(output, i)));
      outputs.push_back(std::move(values));
    }
  };
  if (dtype == DType::f64)
    fill_from(definition.in_double(problem, operands_of<double>(inputs)));
  else
    fill_from(definition.in_float(problem, operands_of<float>(inputs)));
  return outputs;
}

std::vector<Values> present(bool affine, std::vector<Values> always, std::vector<Values> where_affine) {
  if (affine) always.insert(always.begin() + 1, where_affine.begin(), where_affine.end());
  return always;
}

std::string parameters_of(const Layer& layer) {
  return layer.without_momentum ? "momentum=none,num_batches_tracked=4" : "momentum=0.2";
}

/// The parts, with the exchange between them: gathering messages, and adding up two sums in rank order.
Results over_ranks(const Layer& layer, const Step& s, const std::vector<std::int64_t>& images) {
  const auto ranks = static_cast<std::int64_t>(images.size()), channels = layer.channels;
  const DType dtype = s.x.dtype();
  const std::string affine = layer.affine ? "" : ",affine=false";
  std::vector<Values> x, g;
  Values means(dtype, {ranks, channels}), m2s(dtype, {ranks, channels}), counts(dtype, {ranks, 2});
  std::int64_t first = 0;
  for (std::int64_t j = 0; j < ranks; ++j) {
    const std::int64_t here = images[static_cast<std::size_t>(j)];
    x.push_back(images_of(s.x, first, here));
    g.push_back(images_of(s.g_y, first, here));
    first += here;
    const auto own = run(batch_norm_statistics_operator(), "x=" + to_label(x.back().shape()), {x.back()});
    for (std::int64_t c = 0; c < channels; ++c) {
      means.set(j * channels + c, own[0][c]);
      m2s.set(j * channels + c, own[1][c]);
    }
    for (std::int64_t digit = 0; digit < 2; ++digit) counts.set(2 * j + digit, own[2][digit]);
  }
  const auto merged =
      run(batch_norm_merge_operator(), "means=" + to_label(means.shape()) + ",eps=1e_03," + parameters_of(layer),
          {means, m2s, counts, s.running_mean, s.running_var});
  Results all{.y = Values(dtype, s.x.shape()),
              .d_x = Values(dtype, s.x.shape()),
              .d_weight = Values(dtype, {channels}),
              .d_bias = {},
              .running_mean = merged[3],
              .running_var = merged[4],
              .mean = merged[0],
              .rstd = merged[1]};
  const Values &mean = merged[0], &rstd = merged[1], &count = merged[2];
  Values sum_g(dtype, {channels}), sum_g_centered(dtype, {channels});
  for (std::size_t j = 0; j < images.size(); ++j) {
    const auto sums =
        run(batch_norm_gradient_sums_operator(), "x=" + to_label(x[j].shape()) + affine, {x[j], mean, rstd, g[j]});
    for (std::int64_t c = 0; c < channels; ++c) {
      sum_g.set(c, sum_g[c] + sums[0][c]);
      sum_g_centered.set(c, sum_g_centered[c] + sums[1][c]);
      if (layer.affine) all.d_weight.set(c, all.d_weight[c] + sums[2][c]);
    }
  }
  all.d_bias = sum_g;
  first = 0;
  for (std::size_t j = 0; j < images.size(); ++j) {
    const std::string label = "x=" + to_label(x[j].shape()) + affine;
    const auto y =
        run(batch_norm_normalize_operator(), label, present(layer.affine, {x[j], mean, rstd}, {s.weight, s.bias}));
    const auto d_x = run(batch_norm_input_gradient_operator(), label,
                         present(layer.affine, {x[j], mean, rstd, sum_g, sum_g_centered, count, g[j]}, {s.weight}));
    for (std::int64_t i = 0; i < x[j].count(); ++i) {
      all.y.set(first + i, y[0][i]);
      all.d_x.set(first + i, d_x[0][i]);
    }
    first += x[j].count();
  }
  return all;
}

std::vector<Values> forward_inputs(const Layer& layer, const Step& s) {
  return present(layer.affine, {s.x, s.running_mean, s.running_var}, {s.weight, s.bias});
}

/// Inputs of the whole batch's backward: the statistics that its forward saves, in double.
std::vector<Values> backward_inputs(const Layer& layer, const Step& s, const Problem& problem) {
  const DType dtype = s.x.dtype();
  std::vector<Values> inputs =
      present(layer.affine, {s.x, Values(dtype, {layer.channels}), Values(dtype, {layer.channels}), s.g_y}, {s.weight});
  batch_norm_operator().derive_saved(problem, inputs);
  return inputs;
}

std::string whole_label(const Layer& layer, const Step& s) {
  return "x=" + to_label(s.x.shape()) + ",eps=1e_03," + parameters_of(layer) + (layer.affine ? "" : ",affine=false") +
         ",dtype=" + std::string(name_of(s.x.dtype()));
}

const Layer kLayers[] = {{.channels = 3, .plane = 7, .mean = 0.3, .deviation = 1},
                         {.channels = 2, .plane = 1, .mean = -4, .deviation = 2, .affine = false},
                         {.channels = 3, .plane = 5, .mean = 50, .deviation = 1, .without_momentum = true}};
const std::vector<std::int64_t> kSplits[] = {{9},         {4, 5}, {5, 0, 1, 3}, {0, 0, 9}, {1, 1, 1, 1, 1, 1, 1, 1, 1},
                                             {0, 8, 1, 0}};

TEST(BatchNormOverRanks, EqualsTheWholeBatchInDouble) {
  for (const Layer& layer : kLayers) {
    const Step s = step_of(layer, 9, DType::f64, 11);
    const Problem forward = parse_problem("batch_norm.forward", whole_label(layer, s)),
                  backward = parse_problem("batch_norm.backward", whole_label(layer, s));
    const auto forward_in = forward_inputs(layer, s), backward_in = backward_inputs(layer, s, backward);
    const auto whole = batch_norm_operator().in_double(forward, operands_of<double>(forward_in));
    const auto gradient = batch_norm_operator().in_double(backward, operands_of<double>(backward_in));
    for (const auto& split : kSplits) {
      const Results parts = over_ranks(layer, s, split);
      const auto expect_near = [&](const char* name, const Values& got, const Evaluator<double>& truth,
                                   std::size_t output) {
        for (std::int64_t i = 0; i < got.count(); ++i)
          EXPECT_NEAR(got[i], truth.element(output, i), 1e-12 * std::max(1.0, std::abs(layer.mean)))
              << name << "[" << i << "] over " << split.size() << " ranks";
      };
      expect_near("y", parts.y, *whole, 0);
      expect_near("running_mean", parts.running_mean, *whole, 1);
      expect_near("running_var", parts.running_var, *whole, 2);
      expect_near("d_x", parts.d_x, *gradient, 0);
      if (!layer.affine) continue;
      expect_near("d_weight", parts.d_weight, *gradient, 1);
      expect_near("d_bias", parts.d_bias, *gradient, 2);
    }
  }
}

// In float the parts round otherwise than one kernel does, but no more than a batch normalisation may that promises
// nothing about the order of its sums. The backward's truth starts, as any backward, from the statistics that the forward
// left behind: those that the parts merged.
TEST(BatchNormOverRanks, StaysWithinTheBoundsOfBatchNormInFloat) {
  for (const Layer& layer : kLayers) {
    const Step s = step_of(layer, 9, DType::f32, 23);
    const Problem forward = parse_problem("batch_norm.forward", whole_label(layer, s)),
                  backward = parse_problem("batch_norm.backward", whole_label(layer, s));
    const auto forward_in = forward_inputs(layer, s);
    const auto whole = batch_norm_operator().tracked(forward, operands_of<Tracked>(forward_in));
    for (const auto& split : kSplits) {
      const Results parts = over_ranks(layer, s, split);
      const auto backward_in = present(layer.affine, {s.x, parts.mean, parts.rstd, s.g_y}, {s.weight});
      const auto gradient = batch_norm_operator().tracked(backward, operands_of<Tracked>(backward_in));
      const auto expect_within = [&](const char* name, const Values& got, const Evaluator<Tracked>& truth,
                                     std::size_t output) {
        for (std::int64_t i = 0; i < got.count(); ++i) {
          const Tracked expected = truth.element(output, i);
          EXPECT_LE(std::abs(got[i] - expected.value), expected.bound)
              << name << "[" << i << "] over " << split.size() << " ranks";
        }
      };
      expect_within("y", parts.y, *whole, 0);
      expect_within("running_mean", parts.running_mean, *whole, 1);
      expect_within("running_var", parts.running_var, *whole, 2);
      expect_within("d_x", parts.d_x, *gradient, 0);
      if (!layer.affine) continue;
      expect_within("d_weight", parts.d_weight, *gradient, 1);
      expect_within("d_bias", parts.d_bias, *gradient, 2);
    }
  }
}

}  // namespace
}  // namespace lockstep
