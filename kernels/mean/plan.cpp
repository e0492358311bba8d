// SPDX-License-Identifier: Apache-2.0
#include "kernels/mean/plan.hpp"

#include <algorithm>
#include <bit>

namespace lockstep {
namespace {

bool walk_as_one(const MeanAxis& outer, const MeanAxis& inner) {
  return outer.is_reduced == inner.is_reduced && outer.x_stride == inner.extent * inner.x_stride &&
         outer.y_stride == inner.extent * inner.y_stride;
}

}  // namespace

MeanPlan plan_mean(const Mean& op, const Strides& x, const Strides& y) {
  MeanPlan axes;
  std::size_t y_axis = 0;
  for (std::size_t axis = 0; axis < op.shape.size(); ++axis) {
    const bool is_reduced = op.is_reduced[axis];
    const std::int64_t y_stride = is_reduced ? 0 : y[y_axis];
    if (!is_reduced || op.keepdim) ++y_axis;
    if (op.shape[axis] != 1) axes.push_back({op.shape[axis], x[axis], y_stride, is_reduced});
  }
  std::stable_sort(axes.begin(), axes.end(),
                   [](const MeanAxis& a, const MeanAxis& b) { return a.x_stride > b.x_stride; });
  MeanPlan plan;
  for (const MeanAxis& axis : axes) {
    if (!plan.empty() && walk_as_one(plan.back(), axis)) {
      const std::int64_t extent = plan.back().extent * axis.extent;
      plan.back() = axis;
      plan.back().extent = extent;
    } else {
      plan.push_back(axis);
    }
  }
  return plan;
}

MeanPlan plan_mean(const Problem& problem) {
  const Mean op(problem);
  return plan_mean(op, strides_of(op.shape, problem.layout), strides_of(op.result_shape, problem.layout));
}

std::optional<MeanRows> as_rows(const MeanPlan& plan) {
  if (plan.empty()) return MeanRows{};
  const MeanAxis& last = plan.back();
  if (!last.is_reduced || last.x_stride != 1 || plan.size() > 2 || last.extent == 0) return std::nullopt;
  if (plan.size() == 2 && plan[0].is_reduced) return std::nullopt;  // one mean over rows with gaps between them
  if (plan.size() == 1) return MeanRows{.rows = 1, .terms = last.extent, .x_pitch = last.extent, .y_pitch = 1};
  return MeanRows{
      .rows = plan[0].extent, .terms = last.extent, .x_pitch = plan[0].x_stride, .y_pitch = plan[0].y_stride};
}

std::optional<MeanStripes> as_stripes(const MeanPlan& plan) {
  if (plan.empty() || plan.size() > 3) return std::nullopt;
  const MeanAxis& last = plan.back();
  if (last.is_reduced || last.x_stride != 1 || last.y_stride != 1) return std::nullopt;
  MeanStripes stripes{.inner = last.extent};
  for (std::size_t axis = 0; axis + 1 < plan.size(); ++axis) {
    const bool may_be_outer = axis == 0 && plan.size() == 3;
    if (plan[axis].is_reduced == may_be_outer || plan[axis].extent == 0) return std::nullopt;
    if (may_be_outer) {
      stripes.outer = plan[axis].extent;
      stripes.x_outer = plan[axis].x_stride;
      stripes.y_outer = plan[axis].y_stride;
    } else {
      stripes.terms = plan[axis].extent;
      stripes.x_term = plan[axis].x_stride;
    }
  }
  return stripes;
}

std::int64_t parts_of_row(const MeanRows& rows) { return parts_of_sum(rows.rows, rows.terms, 16 * kSplitRowThreads); }

bool stripes_take_packs(const MeanStripes& stripes, int pack) {
  return stripes.inner % pack == 0 && stripes.x_outer % pack == 0 && stripes.x_term % pack == 0 &&
         stripes.y_outer % pack == 0;
}

StripeShape stripe_shape(const MeanStripes& stripes, int pack) {
  constexpr int kThreads = 256;
  const std::int64_t columns = (stripes.inner + pack - 1) / pack;
  StripeShape shape;
  shape.lanes = static_cast<int>(std::bit_ceil(static_cast<std::uint64_t>(std::min<std::int64_t>(columns, 32))));
  shape.row_threads = kThreads / shape.lanes;
  shape.column_blocks = (columns + shape.lanes - 1) / shape.lanes;
  shape.parts = parts_of_sum(shape.column_blocks * stripes.outer, stripes.terms, 8 * shape.row_threads);
  return shape;
}

std::int64_t parts_of_sum(std::int64_t blocks, std::int64_t terms, std::int64_t shortest) {
  constexpr std::int64_t kWantedBlocks = 1056,
                         kMostParts = 256;  // eight blocks for each of an H200's 132 multiprocessors
  const std::int64_t parts = std::min(kWantedBlocks / std::max<std::int64_t>(blocks, 1), terms / shortest);
  return static_cast<std::int64_t>(
      std::bit_floor(static_cast<std::uint64_t>(std::clamp<std::int64_t>(parts, 1, kMostParts))));
}

}  // namespace lockstep
