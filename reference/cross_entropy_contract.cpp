// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "harness/data/error.hpp"
#include "reference/cross_entropy.hpp"

namespace lockstep {
namespace {

std::string count_text(std::size_t count) { return std::to_string(count); }

/// The class targets' shape that PyTorch wants: input without its axis of classes.
Shape positions_of(const Shape& input) {
  Shape positions;
  if (input.size() > 1) {
    positions.assign(input.begin() + 2, input.end());
    positions.insert(positions.begin(), input[0]);
  }
  return positions;
}

/// PyTorch comes to a different check, with another message, by the rank of input: nll_loss, nll_loss2d, or a detour.
void check_class_targets(const Shape& input, const Shape& target) {
  if (input.empty()) throw Refused("Expected 1 or more dimensions (got 0)");
  const std::int64_t batch = target.empty() ? 0 : target[0];
  if (input.size() > 1 && input[0] != batch)
    throw Refused("Expected input batch_size (" + std::to_string(input[0]) + ") to match target batch_size (" +
                  std::to_string(batch) + ").");
  const Shape wanted = positions_of(input);
  if (input.size() <= 2) {
    if (target.size() > 1) throw Refused("0D or 1D target tensor expected, multi-target not supported");
    if (target != wanted)
      throw Refused("size mismatch (got input: " + to_text(input) + ", target: " + to_text(target) + ")");
  } else if (input.size() == 4) {
    if (target.size() != 3)
      throw Refused("only batches of spatial targets supported (3D tensors) but got targets of dimension: " +
                    count_text(target.size()));
    if (target != wanted)
      throw Refused("size mismatch (got input: " + to_text(input) + " , target: " + to_text(target));
  } else if (target != wanted) {
    throw Refused("Expected target size " + to_text(wanted) + ", got " + to_text(target));
  }
}

void check_weight(const CrossEntropy& op) {
  if (op.weight == Shape{op.classes}) return;
  const std::string wanted = "weight tensor should be defined either for all " + std::to_string(op.classes) +
                             " classes or no classes but got weight tensor of shape: " + to_text(op.weight);
  if (op.has_probabilities) throw Refused("cross_entropy: " + wanted);
  if (op.input.size() <= 2) throw Refused(wanted);
  // Beyond matrices PyTorch counts the elements only; smoothing then trips over further axes.
  if (element_count(op.weight) != op.classes)
    throw Refused("weight tensor should be defined either for all or no classes");
  if (op.label_smoothing > 0) throw Refused("Index tensor must have the same number of dimensions as input tensor");
}

}  // namespace

CrossEntropy::CrossEntropy(const Problem& problem)
    : input(problem.shape("input")),
      reduction(read_reduction(problem.parameters)),
      ignore_index(problem.parameters.integer("ignore_index", -100)),
      label_smoothing(std::max(problem.parameters.real("label_smoothing", 0.0), 0.0)) {
  const Shape* given = problem.find_shape("target");
  target = given ? *given : positions_of(input);
  has_probabilities = given && *given == input;
  if (has_probabilities && input.empty()) throw Refused("Dimension specified as 1 but tensor has no dimensions");
  if (has_probabilities && ignore_index >= 0) throw Refused("ignore_index is not supported for floating point target");
  if (!has_probabilities) check_class_targets(input, target);
  if (label_smoothing > 1)
    throw Refused("label_smoothing must be between 0.0 and 1.0. Got: " +
                  problem.parameters.text("label_smoothing", ""));

  if (input.size() > 1) batch = input[0];
  classes = input[input.size() > 1 ? 1 : 0];
  for (std::size_t axis = 2; axis < input.size(); ++axis) inner *= input[axis];
  if (reduction == Reduction::none) result_shape = positions_of(input);
  if (const Shape* shape = problem.find_shape("weight")) {
    has_weight = true;
    weight = *shape;
    check_weight(*this);
  }
}

}  // namespace lockstep
