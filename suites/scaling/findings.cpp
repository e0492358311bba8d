// SPDX-License-Identifier: Apache-2.0
#include "suites/scaling/findings.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>

#include "suites/scaling/collective_points.hpp"
#include "suites/training/step_clock.hpp"

namespace lockstep {
namespace {

std::string rounded(double value) {
  std::ostringstream text;
  text.precision(3);
  text << value;
  return text.str();
}

std::string mebibytes(double bytes) { return rounded(bytes / (1 << 20)) + " MiB"; }

bool lie_apart(const Interval& one, const Interval& other) { return one.high < other.low || other.high < one.low; }

/// The phase that speaks most for the faster mode.
std::string reason_of(const ModeComparison& at) {
  const bool distributed_wins = at.distributed_seconds < at.replicated_seconds;
  std::size_t most = 0;
  const auto gain = [&](std::size_t phase) {
    const double difference = at.replicated_phases[phase] - at.distributed_phases[phase];
    return distributed_wins ? difference : -difference;
  };
  for (std::size_t phase = 1; phase < kPhases; ++phase)
    if (gain(phase) > gain(most)) most = phase;
  return "at " + std::to_string(at.rows) + " rows most of the difference of " +
         rounded(1e3 * std::abs(at.replicated_seconds - at.distributed_seconds)) + " ms is " +
         std::string(name_of(static_cast<Phase>(most))) + ", " + rounded(1e3 * at.replicated_phases[most]) +
         " ms on device 0 of data_parallel and " + rounded(1e3 * at.distributed_phases[most]) +
         " ms on rank 0 of distributed_data_parallel";
}

}  // namespace

std::string verdict(bool reached, bool quiet) {
  if (reached) return quiet ? "met" : "met, on a machine that was not quiet";
  return quiet ? "not met" : "inconclusive: the machine was not quiet or has too few cores";
}

PhaseMedians phase_medians(const TrainingRecord& record) {
  PhaseMedians medians{};
  if (record.ranks.empty()) return medians;
  for (std::size_t phase = 0; phase < kPhases; ++phase) {
    std::vector<double> seconds;
    const std::vector<StepTimeline>& steps = record.ranks[0].timelines;
    for (std::size_t step = 1; step < steps.size(); ++step)
      seconds.push_back(seconds_of(steps[step], static_cast<Phase>(phase)));
    if (!seconds.empty()) medians[phase] = median_of(seconds);
  }
  return medians;
}

std::vector<ModeComparison> compare_modes(const ScalingPlan& plan, const ModelScaling& scaling, int ranks) {
  std::set<std::int64_t> batches{plan.rows, plan.rows * ranks};
  for (const std::int64_t rows : compared_rows(plan, ranks)) batches.insert(rows);
  std::vector<ModeComparison> comparisons;
  for (const std::int64_t rows : batches) {
    const auto find = [&](const char* mode) {
      return scaling.find(training_of(plan, mode, scaling.model, ranks, rows, plan.bucket_bytes.back()));
    };
    const MeasuredTraining *replicated = find("data_parallel"), *distributed = find("distributed_data_parallel");
    if (!replicated || !distributed) continue;
    comparisons.push_back({.rows = rows,
                           .replicated_seconds = replicated->series.median(),
                           .distributed_seconds = distributed->series.median(),
                           .decided = lie_apart(replicated->series.interval(), distributed->series.interval()),
                           .replicated_phases = phase_medians(replicated->record),
                           .distributed_phases = phase_medians(distributed->record)});
  }
  return comparisons;
}

std::string comparison_finding(const std::string& model, int ranks, std::vector<ModeComparison> comparisons) {
  if (comparisons.empty()) return {};
  std::sort(comparisons.begin(), comparisons.end(),
            [](const ModeComparison& a, const ModeComparison& b) { return a.rows < b.rows; });
  std::string text = model + " on " + std::to_string(ranks) + " ranks, data_parallel / distributed_data_parallel:";
  const ModeComparison* widest = nullptr;
  const ModeComparison* before = nullptr;
  std::string crossing;
  for (const ModeComparison& at : comparisons) {
    text += (&at == &comparisons.front() ? " " : ", ") + std::to_string(at.rows) + " rows " +
            rounded(at.replicated_seconds / at.distributed_seconds) + (at.decided ? "" : " (undecided)");
    if (!at.decided) continue;
    const auto distributed_wins = [](const ModeComparison& c) { return c.distributed_seconds < c.replicated_seconds; };
    if (before && distributed_wins(*before) != distributed_wins(at))
      crossing += std::string(crossing.empty() ? "" : "; ") +
                  (distributed_wins(at) ? "distributed_data_parallel" : "data_parallel") +
                  " overtakes the other between " + std::to_string(before->rows) + " and " + std::to_string(at.rows) +
                  " rows";
    before = &at;
    const auto gap = [](const ModeComparison& c) { return std::abs(c.replicated_seconds - c.distributed_seconds); };
    if (!widest || gap(at) > gap(*widest)) widest = &at;
  }
  if (!widest) return text + ". The intervals of the two overlap everywhere: neither overtakes the other.";
  if (crossing.empty())
    crossing = widest->distributed_seconds < widest->replicated_seconds
                   ? "distributed_data_parallel is the faster one wherever the intervals lie apart"
                   : "data_parallel is the faster one wherever the intervals lie apart";
  return text + ". " + crossing + "; " + reason_of(*widest) + ".";
}

std::string side_by_side_finding(const std::string& model, int ranks, const StepSeries& alone,
                                 const TimedTraining& training, const StepSeries& distributed) {
  const double efficiency = alone.median() / distributed.median();
  return "Weak scaling of " + training.name() + ": " + rounded(efficiency) + " of " + std::to_string(ranks) +
         " independent trainings of " + model +
         " side by side (T(side by side) / T(distributed_data_parallel) = " + rounded(1e3 * alone.median()) + " / " +
         rounded(1e3 * distributed.median()) + " ms), target " + rounded(kWeakScalingTarget) + ": " +
         verdict(efficiency >= kWeakScalingTarget, alone.quiet() && distributed.quiet() && !is_oversubscribed(ranks)) +
         ".";
}

std::string link_finding(const LinkOverlap& overlap) {
  return "Overlap with a modelled link, " + overlap.training.name() + ": " + overlap.text() + "; target " +
         rounded(kHiddenTarget) + ": " +
         verdict(overlap.hidden_fraction() >= kHiddenTarget,
                 overlap.quiet() && !is_oversubscribed(overlap.training.ranks)) +
         ".";
}

std::string all_reduce_finding(const std::vector<BandwidthPoint>& points) {
  double least = 0;
  std::size_t pairs = 0;
  std::string text;
  bool quiet = true;
  for (const BandwidthPoint& point : points) {
    const std::int64_t size = point.payload_bytes;
    if (point.collective != Collective::all_reduce || (size != 1 << 20 && size != 4 << 20 && size != 16 << 20))
      continue;
    least = text.empty() ? point.fraction_of_copy : std::min(least, point.fraction_of_copy);
    quiet = quiet && is_quiet(point);
    pairs = point.samples_seconds.size();
    text += (text.empty() ? "" : ", ") + mebibytes(static_cast<double>(size)) + " " + rounded(point.fraction_of_copy);
  }
  if (text.empty()) return {};
  return "all_reduce beside copies by all ranks at once, " + std::to_string(points.front().ranks) + " ranks: " + text +
         " of the copy ceiling (median over " + std::to_string(pairs) +
         " pairs of T(copy) x bus factor / T(all_reduce)); target " + rounded(kLeastFractionOfCopy) + ": " +
         verdict(least >= kLeastFractionOfCopy, quiet && !is_oversubscribed(points.front().ranks)) + ".";
}

std::string memory_finding(const MeasuredTraining& training) {
  std::string text =
      "Memory of " + training.training.name() + ", parameters, gradients, buffers, optimiser and buckets:";
  const std::vector<RankRecord>& ranks = training.record.ranks;
  std::int64_t others = 0;
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    text += (rank == 0 ? " device 0 " : ", rank " + std::to_string(rank) + " ") +
            mebibytes(static_cast<double>(ranks[rank].tensor_bytes));
    if (rank > 0) others = std::max(others, ranks[rank].tensor_bytes);
  }
  if (others > 0)
    text += "; device 0 holds " + rounded(static_cast<double>(ranks[0].tensor_bytes) / static_cast<double>(others)) +
            " times as much as the largest other";
  return text + ".";
}

}  // namespace lockstep
