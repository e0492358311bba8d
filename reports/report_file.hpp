// SPDX-License-Identifier: Apache-2.0
#pragma once
// The JSON file of a report: a valid Google Benchmark file (`context`, `benchmarks`) with Lockstep's blocks beside it.

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "reports/report.hpp"

namespace lockstep::reports {

using Json = nlohmann::ordered_json;

// Non-finite numbers become null; where the value matters, a sibling "<key>_text" says "nan", "inf" or "-inf".
Json to_json(const Report& report);

// `origin` (a path) opens every message. Throws Error: not a Lockstep report, another version, a member that is missing
// or has the wrong type (with its path in the document). Members that this version does not know are ignored.
Report from_json(const Json& document, const std::string& origin);

// Throws Error: missing, empty or cut-off file, no JSON, and everything that from_json throws.
Report read_report(const std::filesystem::path& path);

// Through a temporary file in the same folder and a rename: a reader never sees half a report.
// Throws Error when the folder cannot be written.
void write_report(const std::filesystem::path& path, const Report& report);

// The same guarantee for any text, for the HTML page.
void write_text_atomically(const std::filesystem::path& path, const std::string& text);

// The JSON Schema (draft 2020-12) that to_json fulfils, as text.
std::string report_schema_text();

}  // namespace lockstep::reports
