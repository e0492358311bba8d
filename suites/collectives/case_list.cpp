// SPDX-License-Identifier: Apache-2.0
// Which collectives are checked on which problems.
#include "suites/collectives/collective_case.hpp"

namespace lockstep {
namespace {

constexpr Collective kChecked[] = {
    Collective::all_reduce, Collective::reduce_scatter, Collective::all_gather, Collective::all_gather_uneven,
    Collective::broadcast,  Collective::all_to_all,     Collective::send,       Collective::barrier};
constexpr std::int64_t kCounts[] = {0, 1, 3, 15, 16, 17, 1000, 4099};
// More than the second-level cache, and odd; of the whole buffer, so that many ranks do not check for minutes.
constexpr std::int64_t kLargeCount = (1 << 20) + 1;

bool reduces(Collective collective) {
  return collective == Collective::all_reduce || collective == Collective::reduce_scatter;
}

void add_forms(std::vector<CollectiveCase>& cases, CollectiveCase problem) {
  for (const bool started : {false, true})
    for (const bool in_place : {false, true}) {
      if (in_place && !has_in_place(problem.collective)) continue;
      problem.started = started;
      problem.in_place = in_place;
      cases.push_back(problem);
    }
}

}  // namespace

bool has_in_place(Collective collective) {
  return reduces(collective) || collective == Collective::all_gather || collective == Collective::all_gather_uneven;
}

std::string label_of(const CollectiveCase& problem) {
  std::string label = std::string(name_of(problem.collective)) + '/';
  if (reduces(problem.collective)) label += std::string(name_of(problem.reduction)) + ',';
  label += "count=" + std::to_string(problem.count) + ",dtype=" + std::string(name_of(problem.dtype));
  if (problem.in_place) label += ",in_place";
  if (problem.started) label += ",started";
  return label;
}

std::vector<CollectiveCase> collective_cases(int ranks) {
  std::vector<CollectiveCase> cases;
  for (const Collective collective : kChecked) {
    if (collective == Collective::send && ranks == 1) continue;  // nobody to send to
    if (collective == Collective::barrier) {
      add_forms(cases, {.collective = collective});
      continue;
    }
    for (const DType dtype : {DType::f64, DType::f32, DType::f16, DType::bf16, DType::i64, DType::u8})
      for (const Reduction reduction : {Reduction::sum, Reduction::max, Reduction::min}) {
        if (reduces(collective) ? dtype == DType::u8 : reduction != Reduction::sum) continue;
        for (const std::int64_t count : kCounts)
          if (reduction == Reduction::sum || count == 17 || count == 1000)  // how counts are split was seen with sums
            add_forms(cases, {.collective = collective, .reduction = reduction, .dtype = dtype, .count = count});
      }
    const bool whole = collective == Collective::all_reduce || collective == Collective::broadcast;
    const std::int64_t large = whole ? kLargeCount : kLargeCount / ranks | 1;
    for (const DType dtype : {DType::f32, DType::bf16})
      cases.push_back({.collective = collective, .dtype = dtype, .count = large, .started = dtype == DType::bf16});
  }
  return cases;
}

}  // namespace lockstep
