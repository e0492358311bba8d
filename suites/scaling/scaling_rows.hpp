// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reports/training_report.hpp"
#include "suites/scaling/scaling_study.hpp"

namespace lockstep {

/// The points of all curves, weak and strong, each with its base: the smallest number of ranks. Points with more ranks than
/// cores are marked, and nothing is extrapolated from any.
std::vector<reports::ScalingPoint> scaling_points(const ScalingPlan& plan, const ModelScaling& scaling);

/// alone, exposed, overlapped and contended, by the formulas of MeasuredSplit.
reports::CommunicationSplit communication_split(const StepSeries& both, const MeasuredSplit& split);
/// The same with the formula and its numbers, one line.
std::string split_text(const StepSeries& both, const MeasuredSplit& split);

reports::CollectivePoint collective_row(const BandwidthPoint& point);

}  // namespace lockstep
