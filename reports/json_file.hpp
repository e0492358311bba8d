// SPDX-License-Identifier: Apache-2.0
#pragma once
// JSON in files, whatever it says.

#include <filesystem>
#include <string>

#include "reports/report_file.hpp"

namespace lockstep::reports {

// Throws Error: missing, empty or cut-off file, no JSON.
Json read_json_file(const std::filesystem::path& path);

// One line per element of a list: a case can be found with grep and a change with diff, at half the size of one line per
// number. A name that is no UTF-8 becomes readable instead of losing the report.
std::string json_file_text(const Json& document);

}  // namespace lockstep::reports
