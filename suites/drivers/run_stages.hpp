// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "suites/drivers/report_builder.hpp"
#include "suites/drivers/selection.hpp"

namespace lockstep {

/// Judges cases with all seeds of the selection in worker processes.
void judge_cases(const std::vector<Case>& cases, const Selection& selection, const std::string& program,
                 ReportBuilder& builder);

/// Brings the declared faults before the judge on the small problems of the cases (up to 32768 output elements).
void judge_faults(const std::vector<Case>& cases, const Selection& selection, const std::string& program,
                  ReportBuilder& builder);

/// Measures the ceilings and times the cases worth timing, in `rounds` rounds of fresh processes with the implementations
/// interleaved: each process gives one median, and statistics are over processes.
void time_cases(const std::vector<Case>& cases, const Selection& selection, const std::string& program, int rounds,
                ReportBuilder& builder);

/// Whether a case is timed on this machine: models and the shapes meant for it, f32 on the CPU, never the emulator.
bool is_timed(const Case& item, bool gpu);

/// Writes report.json and report.html into the folder and says where they lie. The page says what changed since
/// `baseline`, where there is one.
void write_reports(const reports::Report& report, const std::string& out, const reports::Report* baseline = nullptr);

/// A report given by its file or by the folder that holds report.json.
std::filesystem::path report_path(const std::string& given);

}  // namespace lockstep
