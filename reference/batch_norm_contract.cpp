// SPDX-License-Identifier: Apache-2.0
#include "harness/data/error.hpp"
#include "reference/batch_norm.hpp"

namespace lockstep {
namespace {

constexpr std::int64_t kAnyRank = 0;

/// What the class refuses before it looks at anything else.
void check_rank(std::int64_t dims, std::size_t rank) {
  const std::string got = "D input (got " + std::to_string(rank) + "D input)";
  if (dims == 1 && rank != 2 && rank != 3) throw Refused("expected 2D or 3" + got);
  if (dims > 1 && rank != static_cast<std::size_t>(dims) + 2)
    throw Refused("expected " + std::to_string(dims + 2) + got);
}

void check_count(const char* name, std::int64_t got, std::int64_t channels) {
  if (got != channels)
    throw Refused(std::string(name) + " should contain " + std::to_string(channels) + " elements not " +
                  std::to_string(got));
}

}  // namespace

BatchNorm::BatchNorm(const Problem& problem) {
  const Parameters& given = problem.parameters;
  const std::int64_t dims = given.integer("dims", kAnyRank);
  if (given.has("dims") && (dims < 1 || dims > 3))
    throw Error("parameter dims=" + std::to_string(dims) + "; accepted: 1, 2, 3");
  check_rank(dims, problem.shape("x").size());
  ChannelPlanes::operator=(ChannelPlanes(problem.shape("x")));
  eps = given.real("eps", eps);
  training = given.boolean("training", true);
  affine = given.boolean("affine", true);
  tracked = given.boolean("track_running_stats", true);
  batches_before = given.integer("num_batches_tracked", 0);
  if (batches_before < 0)
    throw Error("parameter num_batches_tracked=" + given.text("num_batches_tracked", "") + "; accepted: 0 or more");
  factor = given.is_none("momentum") ? 1.0 / static_cast<double>(batches_before + 1) : given.real("momentum", factor);

  if (from_batch() && count() == 1)
    throw Refused("Expected more than 1 value per channel when training, got input size torch.Size(" + to_text(shape) +
                  ")");
  const std::int64_t features = given.integer("num_features", channels);
  const auto elements = [&](const char* name) {
    const Shape* tensor = problem.find_shape(name);
    return tensor ? element_count(*tensor) : features;
  };
  if (tracked)
    for (const char* name : {"running_mean", "running_var"}) check_count(name, elements(name), channels);
  if (affine)
    for (const char* name : {"weight", "bias"}) check_count(name, elements(name), channels);
}

BatchNormPositions::BatchNormPositions(const BatchNorm& op, Direction direction) {
  int next = 1;
  const bool forward = direction == Direction::forward;
  if (op.affine) weight = next++;
  if (op.affine && forward) bias = next++;
  if (op.tracked && (forward || !op.from_batch())) {
    running_mean = next++;
    running_var = next++;
  }
  if (!forward) {
    if (op.from_batch()) {
      saved_mean = next++;
      saved_rstd = next++;
    }
    g_y = next;
    d_x = 0;
    if (op.affine) {
      d_weight = 1;
      d_bias = 2;
    }
    return;
  }
  y = 0;
  if (op.tracked) {
    running_mean_out = 1;
    running_var_out = 2;
    num_batches_tracked_out = 3;
  }
}

}  // namespace lockstep
