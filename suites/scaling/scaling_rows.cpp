// SPDX-License-Identifier: Apache-2.0
#include "suites/scaling/scaling_rows.hpp"

#include <algorithm>
#include <sstream>

#include "suites/scaling/collective_points.hpp"

namespace lockstep {
namespace {

using reports::ScalingKind;

struct Curve {
  std::string mode;
  ScalingKind kind = ScalingKind::weak;
  std::int64_t bucket_bytes = 0;
};

std::vector<Curve> curves_of(const ScalingPlan& plan) {
  std::vector<Curve> curves;
  for (const std::string& mode : plan.modes)
    for (const ScalingKind kind : {ScalingKind::weak, ScalingKind::strong})
      for (const std::int64_t bucket :
           mode == "distributed_data_parallel" ? plan.bucket_bytes : std::vector<std::int64_t>{0})
        curves.push_back({mode, kind, bucket});
  return curves;
}

std::string note_of(const StepSeries& series, ScalingKind kind) {
  std::ostringstream note;
  note.precision(3);
  note << (kind == ScalingKind::weak ? "T(N0) / T(N)" : "T(N0) N0 / (N T(N))") << ", " << series.steps.size()
       << " repetitions, p95/median " << series.spread();
  return note.str();
}

}  // namespace

std::vector<reports::ScalingPoint> scaling_points(const ScalingPlan& plan, const ModelScaling& scaling) {
  std::vector<reports::ScalingPoint> points;
  const int base_ranks = *std::min_element(plan.ranks.begin(), plan.ranks.end());
  for (const Curve& curve : curves_of(plan)) {
    const bool weak = curve.kind == ScalingKind::weak;
    const auto measured = [&](int ranks) {
      return scaling.find(training_of(plan, curve.mode, scaling.model, ranks, weak ? plan.rows * ranks : plan.rows,
                                      curve.bucket_bytes));
    };
    const MeasuredTraining* base = measured(base_ranks);
    for (const int ranks : plan.ranks) {
      const MeasuredTraining* found = measured(ranks);
      if (!found) continue;
      const double seconds = found->series.median();
      const Interval interval = found->series.interval();
      reports::ScalingPoint point{.mode = curve.mode, .model = scaling.model, .kind = curve.kind, .ranks = ranks};
      point.bucket_bytes = curve.bucket_bytes;
      point.rows_per_rank = found->training.rows / ranks;
      point.seconds_per_step = seconds;
      point.low_seconds = interval.low;
      point.high_seconds = interval.high;
      point.rows_per_second = static_cast<double>(found->training.rows) / seconds;
      if (base)
        point.efficiency = weak ? weak_efficiency(base->series.median(), seconds)
                                : strong_efficiency(base->series.median(), base_ranks, seconds, ranks);
      point.base_ranks = base_ranks;
      point.oversubscribed = is_oversubscribed(ranks);
      point.quiet = found->series.quiet() && (!base || base->series.quiet());
      point.note = note_of(found->series, curve.kind);
      points.push_back(std::move(point));
    }
  }
  return points;
}

reports::CommunicationSplit communication_split(const StepSeries& both, const MeasuredSplit& split) {
  reports::CommunicationSplit parts;
  parts.alone_seconds = split.alone.median();
  parts.exposed_seconds = both.median() - split.without_communication.median();
  parts.overlapped_seconds = parts.alone_seconds - parts.exposed_seconds;
  parts.contended_seconds = both.backward() - split.without_communication.backward();
  return parts;
}

std::string split_text(const StepSeries& both, const MeasuredSplit& split) {
  const reports::CommunicationSplit parts = communication_split(both, split);
  std::ostringstream text;
  text.precision(3);
  text << "exposed = T(both) - T(no communication) = " << 1e3 * both.median() << " - "
       << 1e3 * split.without_communication.median() << " = " << 1e3 * parts.exposed_seconds
       << " ms; overlapped = alone - exposed = " << 1e3 * parts.alone_seconds << " - " << 1e3 * parts.exposed_seconds
       << " = " << 1e3 * parts.overlapped_seconds
       << " ms; contended = backward in both - without = " << 1e3 * both.backward() << " - "
       << 1e3 * split.without_communication.backward() << " = " << 1e3 * parts.contended_seconds << " ms";
  return text.str();
}

reports::CollectivePoint collective_row(const BandwidthPoint& point) {
  reports::CollectivePoint row;
  row.collective = std::string(name_of(point.collective));
  row.transport = "threads";
  row.ranks = point.ranks;
  row.dtype = std::string(name_of(point.dtype));
  row.bytes = point.payload_bytes;
  row.median_seconds = point.median_seconds;
  row.p95_seconds = point.p95_over_median * point.median_seconds;
  row.algorithm_bandwidth = point.algorithm_bandwidth;
  row.bus_bandwidth = point.bus_bandwidth;
  row.copy_ceiling = point.copy_bandwidth;
  row.fraction = point.fraction_of_copy;
  row.oversubscribed = is_oversubscribed(point.ranks);
  row.quiet = is_quiet(point);
  row.reportable = point.unreportable.empty();
  return row;
}

}  // namespace lockstep
