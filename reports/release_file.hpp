// SPDX-License-Identifier: Apache-2.0
#pragma once
// The JSON file of a release, in the manner of report_file.hpp.

#include <filesystem>
#include <string>

#include "reports/release_report.hpp"
#include "reports/report_file.hpp"

namespace lockstep::reports {

Json to_json(const Release& release);

// Throws Error: not a Lockstep release, another version, a member that is missing or has the wrong type, a verdict that
// contradicts the reasons. Members that this version does not know are ignored.
Release release_from_json(const Json& document, const std::string& origin);

// Throws Error: missing, empty or cut-off file, no JSON, and everything that release_from_json throws.
Release read_release(const std::filesystem::path& path);

// Through a temporary file and a rename. Throws Error when the folder cannot be written.
void write_release(const std::filesystem::path& path, const Release& release);

// Whether the file says of itself that it is a release; false for anything that cannot be read.
bool is_release_file(const std::filesystem::path& path);

// The JSON Schema (draft 2020-12) that to_json fulfils, as text.
std::string release_schema_text();

}  // namespace lockstep::reports
