// SPDX-License-Identifier: Apache-2.0
#include "suites/training/rows.hpp"

#include <algorithm>

#include "harness/data/error.hpp"
#include "suites/training/consecutive_elements.hpp"

namespace lockstep {
namespace {

Values take(const Values& values, const RowRange& range) {
  Shape shape = values.shape();
  const std::int64_t row = shape.at(0) > 0 ? values.count() / shape[0] : 0;
  shape[0] = range.count();
  return consecutive_elements(values, range.begin * row, std::move(shape));
}

}  // namespace

std::vector<RowRange> equal_rows(std::int64_t rows, int parts) {
  if (parts < 1) throw Error(std::to_string(parts) + " ranks; accepted: at least 1");
  if (rows < parts)
    throw Error(std::to_string(parts) + " parts of a batch of " + std::to_string(rows) +
                " rows; accepted: at most one part per row");
  std::vector<RowRange> ranges;
  for (int part = 0; part < parts; ++part) ranges.push_back({part * rows / parts, (part + 1) * rows / parts});
  return ranges;
}

std::vector<RowRange> chunked_rows(std::int64_t rows, int parts) {
  if (parts < 1) throw Error(std::to_string(parts) + " replicas; accepted: at least 1");
  const std::int64_t size = std::max<std::int64_t>((rows + parts - 1) / parts, 1);
  std::vector<RowRange> ranges;
  for (std::int64_t begin = 0; begin < rows; begin += size) ranges.push_back({begin, std::min(begin + size, rows)});
  return ranges;
}

std::vector<RowRange> rows_of(const TrainingPlan& plan, std::int64_t rows, int parts,
                              std::vector<RowRange> (*rule)(std::int64_t, int)) {
  if (plan.rows.empty()) return rule(rows, parts);
  if (static_cast<int>(plan.rows.size()) != parts)
    throw Error("rows are given for " + std::to_string(plan.rows.size()) +
                " parts; accepted: " + std::to_string(parts));
  std::int64_t before = 0;
  for (const RowRange& range : plan.rows) {
    if (range.begin < before || range.end <= range.begin || range.end > rows)
      throw Error("rows " + std::to_string(range.begin) + " to " + std::to_string(range.end) +
                  "; accepted: ranges in order, not empty, without overlap, within " + std::to_string(rows) + " rows");
    before = range.end;
  }
  return plan.rows;
}

Batch take_rows(const Batch& batch, const RowRange& range) {
  if (range.begin == 0 && range.end == batch.rows()) return batch;
  return {take(batch.x, range), take(batch.y, range)};
}

}  // namespace lockstep
